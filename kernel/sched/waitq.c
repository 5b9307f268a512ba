/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of waiters. A wake may remove its own waiter, never another's.
 */
#include "kernel/sched/waitq.h"

#include "kernel/core/cpu.h"
#include "kernel/sched/thread.h"

void waitq_init(struct waitq *q)
{
    list_init(&q->waiters);
}

void waitq_add(struct waitq *q, struct waiter *w)
{
    list_push_front(&q->waiters, &w->node);
}

void waitq_del(struct waiter *w)
{
    if (w->node.next)
        list_remove(&w->node);
}

void waitq_wake(struct waitq *q, uint32_t events)
{
    list_for_each_safe(node, &q->waiters)
    {
        struct waiter *w = container_of(node, struct waiter, node);

        w->wake(w, events);
    }
}

static void wake_thread(struct waiter *w, uint32_t events)
{
    (void)events;
    thread_wake(w->thread);
}

void waiter_init_thread(struct waiter *w)
{
    list_init(&w->node);
    w->wake = wake_thread;
    w->thread = current_thread();
}
