/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A 64-bit counter: reads take it (or one, as a semaphore), writes add to it.
 */
#include "kernel/fs/eventfd/eventfd.h"

#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/vfs/poll.h"

struct eventfd {
    uint64_t count;
    bool semaphore;
    struct waitq waitq;
};

static const uint64_t COUNT_MAX = UINT64_MAX - 1;

/* 0, or why the caller must not go on. */
static int wait_for(struct file *f, uint32_t io_flags, const uint64_t *need)
{
    struct eventfd *e = f->data;
    int err;

    if (need ? COUNT_MAX - e->count >= *need : e->count > 0)
        return 0;
    if (io_flags & O_NONBLOCK)
        return -EAGAIN;
    file_get(f);
    WAIT(&e->waitq, NO_DEADLINE, err,
         need ? COUNT_MAX - e->count >= *need : e->count > 0);
    file_put(f);
    return err;
}

static int64_t eventfd_read(struct file *f, struct uio *to, uint64_t *off)
{
    struct eventfd *e = f->data;
    uint64_t value;
    int64_t n;
    int err;

    (void)off;
    if (to->resid_bytes < sizeof(value))
        return -EINVAL;
    err = wait_for(f, file_io_flags(f, to), NULL);
    if (err)
        return err;
    value = e->semaphore ? 1 : e->count;
    n = uio_put(to, &value, sizeof(value));
    if (n != sizeof(value))
        return -EFAULT;
    e->count -= value;
    waitq_wake(&e->waitq, EPOLLOUT | EPOLLWRNORM);
    return n;
}

static int64_t eventfd_write(struct file *f, struct uio *from, uint64_t *off)
{
    struct eventfd *e = f->data;
    uint64_t value;
    int err;

    (void)off;
    if (from->resid_bytes < sizeof(value))
        return -EINVAL;
    if (uio_get(from, &value, sizeof(value)) != sizeof(value))
        return -EFAULT;
    if (value == UINT64_MAX)
        return -EINVAL;
    err = wait_for(f, file_io_flags(f, from), &value);
    if (err)
        return err;
    e->count += value;
    waitq_wake(&e->waitq, EPOLLIN | EPOLLRDNORM);
    return sizeof(value);
}

static uint32_t eventfd_poll(struct file *f, struct poll_table *pt)
{
    struct eventfd *e = f->data;

    poll_add(pt, &e->waitq);
    return (e->count ? EPOLLIN | EPOLLRDNORM : 0) |
           (e->count < COUNT_MAX ? EPOLLOUT | EPOLLWRNORM : 0);
}

static void eventfd_release(struct file *f)
{
    kfree(f->data);
}

static const struct file_ops eventfd_fops = {
    .name = "[eventfd]",
    .read = eventfd_read,
    .write = eventfd_write,
    .poll = eventfd_poll,
    .release = eventfd_release,
};

struct file *eventfd_new(uint32_t initial, uint32_t flags)
{
    struct eventfd *e = kzalloc(sizeof(*e));
    struct file *f;

    if (!e)
        return NULL;
    e->count = initial;
    e->semaphore = flags & EFD_SEMAPHORE;
    waitq_init(&e->waitq);
    f = file_new(&eventfd_fops, e, O_RDWR | (flags & O_NONBLOCK));
    if (!f)
        kfree(e);
    return f;
}

bool is_eventfd(const struct file *f)
{
    return f->ops == &eventfd_fops;
}

void eventfd_add(struct file *f, uint64_t value)
{
    struct eventfd *e = f->data;
    uint64_t room = COUNT_MAX - e->count;

    e->count += value < room ? value : room;
    waitq_wake(&e->waitq, EPOLLIN | EPOLLRDNORM);
}
