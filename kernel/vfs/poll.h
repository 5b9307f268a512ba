/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readiness. Who waits for files hands their poll() operation a poll_table;
 * its add() hooks a waiter into each queue that the file names:
 *
 *     uint32_t x_poll(struct file *f, struct poll_table *pt)
 *     {
 *         poll_add(pt, &x->waitq);
 *         return (x->len ? EPOLLIN | EPOLLRDNORM : 0) | ...;
 *     }
 *
 * Who changes readiness calls waitq_wake(&x->waitq, events). Queues named here
 * must live as long as the file does.
 */
#ifndef EINKORN_KERNEL_VFS_POLL_H
#define EINKORN_KERNEL_VFS_POLL_H

#include "kernel/vfs/file.h"

static inline void poll_add(struct poll_table *pt, struct waitq *q)
{
    if (pt)
        pt->add(pt, q);
}

/* A registration on an open file (struct file's list epoll): called when the
 * file goes away, before its release(). */
struct file_watch {
    struct list node;
    void (*closed)(struct file_watch *watch);
};

/* poll of things that are always ready. */
uint32_t file_poll(struct file *f, struct poll_table *pt);

/* Look at devices before answering a question about readiness; at most each
 * 20 microseconds. */
void poll_devices(void);

#endif
