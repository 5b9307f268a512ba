/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiters of futexes, shared by futex.c and futex_pi.c.
 */
#ifndef EINKORN_KERNEL_SCHED_FUTEX_QUEUE_H
#define EINKORN_KERNEL_SCHED_FUTEX_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/core/uaccess.h"
#include "kernel/sched/thread.h"
#include "lib/list.h"

/* On the sleeper's stack. */
struct futex_waiter {
    struct list node;
    uptr_t addr;                  /* of the word, or its place in object */
    const struct backing *object; /* that several mappings share, or NULL */
    uptr_t pi_target; /* FUTEX_WAIT_REQUEUE_PI: the lock it waits for, or 0 */
    uint32_t bitset;
    bool woken, pi;
    struct thread *thread;
};

struct list *futex_bucket(uptr_t addr);
/* Queue w on w->addr and sleep: 0 once woken, else what ended the sleep. */
int futex_sleep(struct futex_waiter *w, uint64_t deadline_ns);
void futex_wake_waiter(struct futex_waiter *w);

#endif
