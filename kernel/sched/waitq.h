/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wait queues: what threads sleep on and what epoll listens to. The kernel is
 * not preempted inside itself, so "check, then wait" needs no more than this:
 *
 *     WAIT(&pipe->readers, deadline, err, pipe_used(pipe) > 0);
 */
#ifndef EINKORN_KERNEL_SCHED_WAITQ_H
#define EINKORN_KERNEL_SCHED_WAITQ_H

#include <stdint.h>

#include "lib/list.h"

struct thread;

struct waitq {
    struct list waiters;
};

/* Wakes are calls: wake(w, events) runs in the waker's context and must not
 * block. events are poll(2) bits, 0 for "look again". */
struct waiter {
    struct list node;
    void (*wake)(struct waiter *w, uint32_t events);
    struct thread *thread; /* for the ready-made thread waiter */
};

void waitq_init(struct waitq *q);
void waitq_add(struct waitq *q, struct waiter *w);
void waitq_del(struct waiter *w);                  /* not queued is fine */
void waitq_wake(struct waitq *q, uint32_t events); /* all */

/* A waiter that wakes the current thread; queue it, then sleep. */
void waiter_init_thread(struct waiter *w);

/* Sleep until this thread is woken. 0 (woken), -ETIMEDOUT, or -ERESTARTSYS
 * (an unblocked signal is pending; see signal.h for how handlers pass it on).
 * Looks at devices and timers, runs other threads, then idles. */
int thread_sleep(uint64_t deadline_mono_ns);
/* The same, but signals do not end it. */
int thread_sleep_uninterruptible(uint64_t deadline_mono_ns);
void thread_wake(struct thread *t);

/* Evaluates cond until it is true; err becomes 0 or what ended the sleep. */
#define WAIT(q, deadline, err, cond)                                           \
    do {                                                                       \
        struct waiter wait_w_;                                                 \
        (err) = 0;                                                             \
        waiter_init_thread(&wait_w_);                                          \
        waitq_add((q), &wait_w_);                                              \
        while (!(cond) && ((err) = thread_sleep(deadline)) == 0)               \
            ;                                                                  \
        waitq_del(&wait_w_);                                                   \
        if (cond)                                                              \
            (err) = 0;                                                         \
    } while (0)

#endif
