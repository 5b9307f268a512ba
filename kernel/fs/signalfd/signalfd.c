/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pending signals of the reading thread and of the process, as records.
 */
#include "kernel/fs/signalfd/signalfd.h"

#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/signalfd.h>

#include "kernel/core/alloc.h"
#include "kernel/sched/signal.h"
#include "kernel/vfs/poll.h"
#include "lib/string.h"

struct signalfd {
    sigset64_t mask;
};

static const struct file_ops signalfd_fops;

static bool pending(const struct signalfd *s)
{
    sigset64_t shared, ignored, caught;

    signal_sets(&shared, &ignored, &caught);
    return s->mask & (shared | current_thread()->pending);
}

static void convert(const struct siginfo_k *k, struct signalfd_siginfo *out)
{
    memset(out, 0, sizeof(*out));
    out->ssi_signo = (uint32_t)k->signo;
    out->ssi_errno = k->errno_;
    out->ssi_code = k->code;
    out->ssi_pid = (uint32_t)k->pid;
    out->ssi_uid = (uint32_t)k->uid;
    out->ssi_tid = (uint32_t)k->timer_id;
    out->ssi_overrun = (uint32_t)k->overrun;
    out->ssi_int = (int32_t)k->value;
    out->ssi_ptr = k->value;
    out->ssi_addr = k->value;
}

static int64_t drain(struct signalfd *s, struct uio *to)
{
    int64_t done = 0;

    while (to->resid_bytes >= sizeof(struct signalfd_siginfo)) {
        struct signalfd_siginfo record;
        struct siginfo_k info;

        if (!signal_dequeue(s->mask, &info))
            break;
        convert(&info, &record);
        if (uio_put(to, &record, sizeof(record)) != sizeof(record))
            return done ? done : -EFAULT;
        done += (int64_t)sizeof(record);
    }
    return done;
}

static int64_t signalfd_read(struct file *f, struct uio *to, uint64_t *off)
{
    struct signalfd *s = f->data;
    int64_t n = 0;
    int err = 0;

    (void)off;
    if (to->resid_bytes < sizeof(struct signalfd_siginfo))
        return -EINVAL;
    file_get(f);
    while (!n && !err) {
        n = drain(s, to);
        if (n || (file_io_flags(f, to) & O_NONBLOCK))
            break;
        WAIT(&signal_waitq, NO_DEADLINE, err, pending(s));
    }
    file_put(f);
    return n ? n : err ? err : -EAGAIN;
}

static uint32_t signalfd_poll(struct file *f, struct poll_table *pt)
{
    poll_add(pt, &signal_waitq);
    return pending(f->data) ? EPOLLIN | EPOLLRDNORM : 0;
}

static void signalfd_release(struct file *f)
{
    kfree(f->data);
}

static const struct file_ops signalfd_fops = {
    .name = "[signalfd]",
    .read = signalfd_read,
    .poll = signalfd_poll,
    .release = signalfd_release,
};

struct file *signalfd_new(uint64_t mask, uint32_t flags)
{
    struct signalfd *s = kzalloc(sizeof(*s));
    struct file *f;

    if (!s)
        return NULL;
    s->mask = mask;
    f = file_new(&signalfd_fops, s, O_RDWR | (flags & O_NONBLOCK));
    if (!f)
        kfree(s);
    return f;
}

int signalfd_set(struct file *f, uint64_t mask)
{
    struct signalfd *s = f->data;

    if (f->ops != &signalfd_fops)
        return -EINVAL;
    s->mask = mask;
    waitq_wake(&signal_waitq, 0);
    return 0;
}
