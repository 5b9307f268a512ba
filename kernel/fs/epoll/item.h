/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to epoll.c and item.c: a set and its items. An item stands in its
 * set's hash table, is hooked into the wait queues that its file names, and
 * goes to the ready list when one of them wakes it.
 */
#ifndef EINKORN_KERNEL_FS_EPOLL_ITEM_H
#define EINKORN_KERNEL_FS_EPOLL_ITEM_H

#include <linux/eventpoll.h>

#include "kernel/vfs/file.h"
#include "kernel/vfs/poll.h"
#include "lib/list.h"

enum {
    EPOLL_BEHAVIOUR = EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE,
    EPOLL_ALWAYS = EPOLLERR | EPOLLHUP,
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

/* What of the item's interest is true now. */
static inline uint32_t epoll_item_poll(struct item *it, struct poll_table *pt)
{
    return file_poll(it->file, pt) & (it->events | EPOLL_ALWAYS) &
           ~EPOLL_BEHAVIOUR;
}

/* The set has no items yet. 0 or -ENOMEM. */
int epoll_items_init(struct epoll *ep);
void epoll_items_free(struct epoll *ep);
/* That for f by that number, or NULL. */
struct item *epoll_item_find(struct epoll *ep, const struct file *f, int fd);
int epoll_item_add(struct epoll *ep, int fd, struct file *f, uint32_t events,
                   uint64_t data);
void epoll_item_free(struct item *it);
void epoll_item_mark_ready(struct item *it);

#endif
