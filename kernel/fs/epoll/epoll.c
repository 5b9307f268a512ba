/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of files: what is on the ready list is asked again before it is
 * reported; level-triggered items go back to its end. How items get there is
 * item.c's.
 */
#include "kernel/fs/epoll/epoll.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/fs/epoll/item.h"
#include "kernel/vfs/inode.h"

enum {
    NEST_MAX = 5, /* as Linux: sets within sets */
    EXCLUSIVE_OK = EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP |
                   EPOLLET | EPOLLEXCLUSIVE,
};

static const struct file_ops epoll_fops;

static bool pollable(const struct file *f)
{
    if (f->ops == &epoll_fops)
        return true;
    return f->ops->poll &&
           !(f->inode && (S_ISREG(f->inode->mode) || S_ISDIR(f->inode->mode)));
}

/* Does f, a set, hold target within depth levels? Too deep counts as yes. */
static bool reaches(struct file *f, const struct file *target, int depth)
{
    struct epoll *ep = f->data;

    if (f == target || depth == 0)
        return true;
    for (uint32_t i = 0; i < ep->nr_buckets; i++)
        list_for_each(node, &ep->buckets[i])
        {
            struct item *it = container_of(node, struct item, bucket);

            if (it->file->ops == &epoll_fops &&
                reaches(it->file, target, depth - 1))
                return true;
        }
    return false;
}

static int modify(struct item *it, uint32_t events, uint64_t data)
{
    if ((it->events | events) & EPOLLEXCLUSIVE)
        return -EINVAL;
    it->events = events;
    it->data = data;
    if (epoll_item_poll(it, NULL))
        epoll_item_mark_ready(it);
    return 0;
}

int epoll_control(struct file *ep_file, int op, int fd, struct file *f,
                  uint32_t events, uint64_t data)
{
    struct epoll *ep = ep_file->data;
    struct item *it;

    if (ep_file->ops != &epoll_fops || f == ep_file)
        return -EINVAL;
    if (!pollable(f))
        return -EPERM;
    it = epoll_item_find(ep, f, fd);
    if (op == EPOLL_CTL_ADD) {
        if (it)
            return -EEXIST;
        if ((events & EPOLLEXCLUSIVE) && (events & ~EXCLUSIVE_OK))
            return -EINVAL;
        if (f->ops == &epoll_fops) {
            if (events & EPOLLEXCLUSIVE)
                return -EINVAL;
            if (reaches(f, ep_file, NEST_MAX))
                return -ELOOP;
        }
        return epoll_item_add(ep, fd, f, events, data);
    }
    if (op != EPOLL_CTL_MOD && op != EPOLL_CTL_DEL)
        return -EINVAL;
    if (!it)
        return -ENOENT;
    if (op == EPOLL_CTL_MOD)
        return modify(it, events, data);
    epoll_item_free(it);
    return 0;
}

/* Reports one item; 1, 0 when it is not ready after all, or -EFAULT. */
static int report(struct item *it, uptr_t uptr)
{
    uint32_t events = epoll_item_poll(it, NULL);
    struct epoll_event out = {.events = events, .data = it->data};

    if (!events)
        return 0;
    if (copy_out(uptr, &out) < 0)
        return -EFAULT;
    if (it->events & EPOLLONESHOT)
        it->events &= EPOLL_BEHAVIOUR;
    else if (!(it->events & EPOLLET) && list_empty(&it->ready))
        list_push_back(&it->ep->ready, &it->ready);
    return 1;
}

/* Asks each item that is ready now at most once, the oldest first; those that
 * stay ready go behind the others. */
static int collect(struct epoll *ep, uptr_t uptr, int max)
{
    struct list *last = ep->ready.prev, *node = NULL;
    int nr = 0, err;

    while (nr < max && node != last && (node = list_pop_front(&ep->ready))) {
        struct item *it = container_of(node, struct item, ready);

        err = report(it, uptr + (uint64_t)nr * sizeof(struct epoll_event));
        if (err < 0) {
            list_push_front(&ep->ready, node);
            return nr ? nr : err;
        }
        nr += err;
    }
    return nr;
}

int epoll_wait(struct file *ep_file, uptr_t uptr, int max, uint64_t deadline_ns)
{
    struct epoll *ep = ep_file->data;
    int nr, err = 0;

    if (ep_file->ops != &epoll_fops || max <= 0 ||
        max > (int)(INT32_MAX / sizeof(struct epoll_event)))
        return -EINVAL;
    poll_devices();
    while ((nr = collect(ep, uptr, max)) == 0 && deadline_ns && !err)
        WAIT(&ep->waitq, deadline_ns, err, !list_empty(&ep->ready));
    return nr || err == -ETIMEDOUT ? nr : err;
}

static uint32_t epoll_poll(struct file *f, struct poll_table *pt)
{
    struct epoll *ep = f->data;

    poll_add(pt, &ep->waitq);
    list_for_each(node, &ep->ready)
    {
        if (epoll_item_poll(container_of(node, struct item, ready), NULL))
            return EPOLLIN | EPOLLRDNORM;
    }
    return 0;
}

static void epoll_release(struct file *f)
{
    epoll_items_free(f->data);
    kfree(f->data);
}

static const struct file_ops epoll_fops = {
    .name = "[eventpoll]",
    .poll = epoll_poll,
    .release = epoll_release,
};

struct file *epoll_new(void)
{
    struct epoll *ep = kzalloc(sizeof(*ep));
    struct file *f;

    if (!ep)
        return NULL;
    list_init(&ep->ready);
    waitq_init(&ep->waitq);
    f = epoll_items_init(ep) ? NULL : file_new(&epoll_fops, ep, O_RDWR);
    if (!f) {
        epoll_items_free(ep);
        kfree(ep);
    }
    return f;
}
