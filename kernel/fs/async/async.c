/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A watch on an open file that is hooked into its wait queues, as an epoll
 * item is, and sends a signal instead of queueing the file.
 */
#include "kernel/fs/async/async.h"

#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>

#include "kernel/core/alloc.h"
#include "kernel/sched/signal.h"
#include "kernel/vfs/poll.h"

/* A socket or a pipe names one queue or two. */
enum { HOOKS_MAX = 4 };

struct async;

struct hook {
    struct waiter waiter;
    struct async *async;
};

struct async {
    struct file_watch watch; /* in file->epoll */
    struct file *file;       /* not referenced: watch tells of its end */
    int fd;
    struct poll_table table;
    uint32_t nr_hooks;
    struct hook hooks[HOOKS_MAX];
};

static void send(const struct file *f, const struct siginfo_k *info, int *err)
{
    struct thread *t;

    if (f->owner_type != F_OWNER_TID) {
        *err = signal_send_process(info);
        return;
    }
    t = thread_find(f->owner);
    *err = t ? signal_send_thread(t, info) : 0;
}

/* A signal that was chosen says which file and what; if the queue is full, and
 * by default, there is only SIGIO. */
static void tell(const struct async *a, int code, uint32_t band)
{
    struct siginfo_k info = {.signo = SIGIO, .code = SI_KERNEL};
    const struct file *f = a->file;
    int err = -EAGAIN;

    if (!f->owner)
        return;
    if (f->owner_signal) {
        struct siginfo_k told = {.signo = f->owner_signal,
                                 .code = code,
                                 .pid = (int32_t)band, /* si_band, si_fd */
                                 .value = (uint32_t)a->fd};

        send(f, &told, &err);
    }
    if (err == -EAGAIN)
        send(f, &info, &err);
}

static void woken(struct waiter *w, uint32_t events)
{
    const struct async *a = container_of(w, struct hook, waiter)->async;

    if (!events) /* "look again" */
        events = a->file->ops->poll(a->file, NULL) & (EPOLLIN | EPOLLHUP);
    if (events & EPOLLIN)
        tell(a, POLL_IN, EPOLLIN | EPOLLRDNORM);
    if (events & EPOLLPRI)
        tell(a, POLL_PRI, EPOLLPRI | EPOLLRDBAND);
    if (events & EPOLLOUT)
        tell(a, POLL_OUT, EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
    if (events & EPOLLERR)
        tell(a, POLL_ERR, EPOLLERR);
    if ((events & EPOLLHUP) && !(events & EPOLLIN))
        tell(a, POLL_HUP, EPOLLHUP | EPOLLERR);
}

static void hook_add(struct poll_table *pt, struct waitq *q)
{
    struct async *a = container_of(pt, struct async, table);
    struct hook *h = &a->hooks[a->nr_hooks];

    if (a->nr_hooks == HOOKS_MAX)
        return;
    a->nr_hooks++;
    h->async = a;
    h->waiter.wake = woken;
    list_init(&h->waiter.node);
    waitq_add(q, &h->waiter);
}

static void end(struct file_watch *watch)
{
    struct async *a = container_of(watch, struct async, watch);

    for (uint32_t i = 0; i < a->nr_hooks; i++)
        waitq_del(&a->hooks[i].waiter);
    list_remove(&a->watch.node);
    a->file->flags &= ~(uint32_t)FASYNC;
    kfree(a);
}

static struct async *find(const struct file *f)
{
    list_for_each(node, &f->epoll)
    {
        struct file_watch *w = container_of(node, struct file_watch, node);

        if (w->closed == end)
            return container_of(w, struct async, watch);
    }
    return NULL;
}

static int begin(struct file *f, int fd)
{
    struct async *a = kmalloc(sizeof(*a));

    if (!a)
        return -ENOMEM;
    *a = (struct async){
        .watch.closed = end, .file = f, .fd = fd, .table.add = hook_add};
    list_push_back(&f->epoll, &a->watch.node);
    f->ops->poll(f, &a->table);
    f->flags |= FASYNC;
    return 0;
}

int async_set(struct file *f, int fd, bool on)
{
    struct async *a = find(f);

    if (!f->ops->sends_sigio || on == (a != NULL))
        return 0;
    if (on)
        return begin(f, fd);
    end(&a->watch);
    return 0;
}
