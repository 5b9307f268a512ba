/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Items: found by file and number, hooked into wait queues; see item.h.
 */
#include "kernel/fs/epoll/item.h"

#include <linux/errno.h>

#include "kernel/core/alloc.h"

enum { BUCKETS_MIN = 16 };

static struct list *bucket_of(struct epoll *ep, const struct file *f, int fd)
{
    uint64_t h = ((uintptr_t)f >> 4) * 31 + (uint32_t)fd;

    return &ep->buckets[(h ^ h >> 16) & (ep->nr_buckets - 1)];
}

struct item *epoll_item_find(struct epoll *ep, const struct file *f, int fd)
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

void epoll_item_mark_ready(struct item *it)
{
    if (list_empty(&it->ready))
        list_push_back(&it->ep->ready, &it->ready);
    waitq_wake(&it->ep->waitq, EPOLLIN | EPOLLRDNORM);
}

static void item_wake(struct waiter *w, uint32_t events)
{
    struct item *it = container_of(w, struct hook, waiter)->item;

    if (!(it->events & ~EPOLL_BEHAVIOUR)) /* disabled by EPOLLONESHOT */
        return;
    if (events && !(events & (it->events | EPOLL_ALWAYS)))
        return;
    epoll_item_mark_ready(it);
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

void epoll_item_free(struct item *it)
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
    epoll_item_free(container_of(watch, struct item, watch));
}

int epoll_item_add(struct epoll *ep, int fd, struct file *f, uint32_t events,
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
    if (epoll_item_poll(it, &it->table))
        epoll_item_mark_ready(it);
    if (it->no_memory) {
        epoll_item_free(it);
        return -ENOMEM;
    }
    return 0;
}

int epoll_items_init(struct epoll *ep)
{
    ep->buckets = buckets_new(BUCKETS_MIN);
    ep->nr_buckets = ep->buckets ? BUCKETS_MIN : 0;
    return ep->buckets ? 0 : -ENOMEM;
}

void epoll_items_free(struct epoll *ep)
{
    struct list *node;

    for (uint32_t i = 0; i < ep->nr_buckets; i++)
        while ((node = list_pop_front(&ep->buckets[i])))
            epoll_item_free(container_of(node, struct item, bucket));
    kfree(ep->buckets);
}
