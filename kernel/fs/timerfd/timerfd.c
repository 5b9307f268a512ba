/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers that count their expirations until somebody reads.
 */
#include "kernel/fs/timerfd/timerfd.h"

#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/vfs/poll.h"
#include "lib/list.h"

struct timerfd {
    struct timer timer;
    bool real;
    uint64_t deadline_ns; /* monotonic; 0: disarmed */
    uint64_t interval_ns;
    uint64_t expired; /* not yet read */
    struct waitq waitq;
};

static const struct file_ops timerfd_fops;

/* Counts what passed by now and arms for what comes. */
static void advance(struct timerfd *t)
{
    uint64_t now = clock_mono_ns(), missed;

    if (!t->deadline_ns || now < t->deadline_ns)
        return;
    t->expired++;
    if (!t->interval_ns) {
        t->deadline_ns = 0;
        return;
    }
    missed = (now - t->deadline_ns) / t->interval_ns;
    t->expired += missed;
    t->deadline_ns += (missed + 1) * t->interval_ns;
    timer_set(&t->timer, t->deadline_ns);
}

static void fire(struct timer *timer)
{
    struct timerfd *t = container_of(timer, struct timerfd, timer);

    advance(t);
    if (t->deadline_ns)
        timer_set(timer, t->deadline_ns);
    if (t->expired)
        waitq_wake(&t->waitq, EPOLLIN | EPOLLRDNORM);
}

static bool has_expired(struct timerfd *t)
{
    advance(t);
    return t->expired > 0;
}

static int64_t timerfd_read(struct file *f, struct uio *to, uint64_t *off)
{
    struct timerfd *t = f->data;
    uint64_t value;
    int err = 0;

    (void)off;
    if (to->resid_bytes < sizeof(value))
        return -EINVAL;
    if (!has_expired(t)) {
        if (file_io_flags(f, to) & O_NONBLOCK)
            return -EAGAIN;
        file_get(f);
        WAIT(&t->waitq, NO_DEADLINE, err, has_expired(t));
        file_put(f);
        if (err)
            return err;
    }
    value = t->expired;
    t->expired = 0;
    return uio_put(to, &value, sizeof(value)) == sizeof(value)
               ? (int64_t)sizeof(value)
               : -EFAULT;
}

static uint32_t timerfd_poll(struct file *f, struct poll_table *pt)
{
    struct timerfd *t = f->data;

    poll_add(pt, &t->waitq);
    return has_expired(t) ? EPOLLIN | EPOLLRDNORM : 0;
}

static void timerfd_release(struct file *f)
{
    struct timerfd *t = f->data;

    timer_cancel(&t->timer);
    kfree(t);
}

static const struct file_ops timerfd_fops = {
    .name = "[timerfd]",
    .read = timerfd_read,
    .poll = timerfd_poll,
    .release = timerfd_release,
};

struct file *timerfd_new(bool real, uint32_t flags)
{
    struct timerfd *t = kzalloc(sizeof(*t));
    struct file *f;

    if (!t)
        return NULL;
    t->real = real;
    t->timer.fn = fire;
    waitq_init(&t->waitq);
    f = file_new(&timerfd_fops, t, O_RDWR | (flags & O_NONBLOCK));
    if (!f)
        kfree(t);
    return f;
}

/* The monotonic time at which the timer's clock shows value. */
static uint64_t to_mono(const struct timerfd *t, uint64_t value)
{
    int64_t ahead;

    if (!t->real)
        return value;
    ahead = (int64_t)value - clock_real_ns();
    return ahead > 0 ? clock_mono_ns() + (uint64_t)ahead : 1;
}

int timerfd_set(struct file *f, uint64_t value_ns, uint64_t interval_ns,
                bool absolute)
{
    struct timerfd *t = f->data;

    if (f->ops != &timerfd_fops)
        return -EINVAL;
    timer_cancel(&t->timer);
    t->expired = 0;
    t->interval_ns = value_ns ? interval_ns : 0;
    t->deadline_ns = 0;
    if (!value_ns)
        return 0;
    if (absolute)
        t->deadline_ns = to_mono(t, value_ns);
    else if (__builtin_add_overflow(clock_mono_ns(), value_ns, &t->deadline_ns))
        t->deadline_ns = INT64_MAX;
    timer_set(&t->timer, t->deadline_ns);
    return 0;
}

int timerfd_get(struct file *f, uint64_t *value_ns, uint64_t *interval_ns)
{
    struct timerfd *t = f->data;
    uint64_t now = clock_mono_ns();

    if (f->ops != &timerfd_fops)
        return -EINVAL;
    advance(t);
    *value_ns = t->deadline_ns > now ? t->deadline_ns - now : 0;
    *interval_ns = t->interval_ns;
    return 0;
}
