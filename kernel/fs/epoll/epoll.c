/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An item stands in its set's hash table, is hooked into the wait queues that
 * its file names, and goes to the ready list when one of them wakes it. What
 * is on the list is asked again before it is reported; level-triggered items
 * go back to its end.
 */
#include "kernel/fs/epoll/epoll.h"

#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/vfs/inode.h"
#include "kernel/vfs/poll.h"
#include "lib/list.h"
#include "lib/string.h"

enum {
    BUCKETS_MIN = 16,
    NEST_MAX = 5, /* as Linux: sets within sets */
    BEHAVIOUR = EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE,
    EXCLUSIVE_OK = EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP |
                   EPOLLET | EPOLLEXCLUSIVE,
    ALWAYS = EPOLLERR | EPOLLHUP,
};

struct epoll {
    struct list *buckets;
    uint32_t nr_buckets, nr_items; /* buckets: a power of two */
    struct list ready;
    struct waitq waitq;
};

struct hook {
    struct waiter waiter;
    struct item *item;
    struct hook *next;
};

struct item {
    struct file_watch watch; /* in file->epoll */
    struct list bucket, ready;
    struct epoll *ep;
    struct file *file; /* not referenced: watch tells of its end */
    int fd;
    uint32_t events;
    uint64_t data;
    struct poll_table table;
    struct hook *hooks;
    struct hook first; /* most files have one queue */
    bool no_memory;
};

static const struct file_ops epoll_fops;

static struct list *bucket_of(struct epoll *ep, const struct file *f, int fd)
{
    uint64_t h = ((uintptr_t)f >> 4) * 31 + (uint32_t)fd;

    return &ep->buckets[(h ^ h >> 16) & (ep->nr_buckets - 1)];
}

static struct item *find(struct epoll *ep, const struct file *f, int fd)
{
    list_for_each(node, bucket_of(ep, f, fd))
    {
        struct item *it = container_of(node, struct item, bucket);

        if (it->file == f && it->fd == fd)
            return it;
    }
    return NULL;
}

static struct list *buckets_new(uint32_t nr)
{
    struct list *b = kmalloc(nr * sizeof(*b));

    for (uint32_t i = 0; b && i < nr; i++)
        list_init(&b[i]);
    return b;
}

/* Twice the buckets when there are as many items; failing is harmless. */
static void grow(struct epoll *ep)
{
    struct list *old = ep->buckets;
    uint32_t nr = ep->nr_buckets;
    struct list *node, *b;

    if (ep->nr_items < nr || !(b = buckets_new(nr * 2)))
        return;
    ep->buckets = b;
    ep->nr_buckets = nr * 2;
    for (uint32_t i = 0; i < nr; i++)
        while ((node = list_pop_front(&old[i]))) {
            struct item *it = container_of(node, struct item, bucket);

            list_push_back(bucket_of(ep, it->file, it->fd), node);
        }
    kfree(old);
}

static void mark_ready(struct item *it)
{
    if (list_empty(&it->ready))
        list_push_back(&it->ep->ready, &it->ready);
    waitq_wake(&it->ep->waitq, EPOLLIN | EPOLLRDNORM);
}

static void item_wake(struct waiter *w, uint32_t events)
{
    struct item *it = container_of(w, struct hook, waiter)->item;

    if (!(it->events & ~BEHAVIOUR)) /* disabled by EPOLLONESHOT */
        return;
    if (events && !(events & (it->events | ALWAYS)))
        return;
    mark_ready(it);
}

static void hook_add(struct poll_table *pt, struct waitq *q)
{
    struct item *it = container_of(pt, struct item, table);
    struct hook *h = it->hooks ? kmalloc(sizeof(*h)) : &it->first;

    if (!h) {
        it->no_memory = true;
        return;
    }
    h->item = it;
    h->waiter.wake = item_wake;
    list_init(&h->waiter.node);
    h->next = it->hooks;
    it->hooks = h;
    waitq_add(q, &h->waiter);
}

static void unhook(struct item *it)
{
    struct hook *h, *next;

    for (h = it->hooks; h; h = next) {
        next = h->next;
        waitq_del(&h->waiter);
        if (h != &it->first)
            kfree(h);
    }
    it->hooks = NULL;
}

static void item_free(struct item *it)
{
    unhook(it);
    list_remove(&it->watch.node);
    list_remove(&it->bucket);
    list_remove(&it->ready);
    it->ep->nr_items--;
    kfree(it);
}

static void item_closed(struct file_watch *watch)
{
    item_free(container_of(watch, struct item, watch));
}

/* What of the item's interest is true now. */
static uint32_t item_poll(struct item *it, struct poll_table *pt)
{
    return file_poll(it->file, pt) & (it->events | ALWAYS) & ~BEHAVIOUR;
}

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

static int add(struct epoll *ep, int fd, struct file *f, uint32_t events,
               uint64_t data)
{
    struct item *it = kzalloc(sizeof(*it));

    if (!it)
        return -ENOMEM;
    *it = (struct item){.ep = ep, .file = f, .fd = fd, .data = data};
    it->events = events;
    it->watch.closed = item_closed;
    it->table.add = hook_add;
    list_init(&it->ready);
    grow(ep);
    list_push_back(bucket_of(ep, f, fd), &it->bucket);
    list_push_back(&f->epoll, &it->watch.node);
    ep->nr_items++;
    if (item_poll(it, &it->table))
        mark_ready(it);
    if (it->no_memory) {
        item_free(it);
        return -ENOMEM;
    }
    return 0;
}

static int modify(struct item *it, uint32_t events, uint64_t data)
{
    if ((it->events | events) & EPOLLEXCLUSIVE)
        return -EINVAL;
    it->events = events;
    it->data = data;
    if (item_poll(it, NULL))
        mark_ready(it);
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
    it = find(ep, f, fd);
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
        return add(ep, fd, f, events, data);
    }
    if (op != EPOLL_CTL_MOD && op != EPOLL_CTL_DEL)
        return -EINVAL;
    if (!it)
        return -ENOENT;
    if (op == EPOLL_CTL_MOD)
        return modify(it, events, data);
    item_free(it);
    return 0;
}

/* Reports one item; 1, 0 when it is not ready after all, or -EFAULT. */
static int report(struct item *it, uptr_t uptr)
{
    uint32_t events = item_poll(it, NULL);
    struct epoll_event out = {.events = events, .data = it->data};

    if (!events)
        return 0;
    if (copy_out(uptr, &out) < 0)
        return -EFAULT;
    if (it->events & EPOLLONESHOT)
        it->events &= BEHAVIOUR;
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
        if (item_poll(container_of(node, struct item, ready), NULL))
            return EPOLLIN | EPOLLRDNORM;
    }
    return 0;
}

static void epoll_release(struct file *f)
{
    struct epoll *ep = f->data;
    struct list *node;

    for (uint32_t i = 0; i < ep->nr_buckets; i++)
        while ((node = list_pop_front(&ep->buckets[i])))
            item_free(container_of(node, struct item, bucket));
    kfree(ep->buckets);
    kfree(ep);
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
    ep->nr_buckets = BUCKETS_MIN;
    ep->buckets = buckets_new(BUCKETS_MIN);
    list_init(&ep->ready);
    waitq_init(&ep->waitq);
    f = ep->buckets ? file_new(&epoll_fops, ep, O_RDWR) : NULL;
    if (!f) {
        kfree(ep->buckets);
        kfree(ep);
    }
    return f;
}
