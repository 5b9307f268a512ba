/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Futexes, futex(2): waiters hashed by the word's address or, of a futex that
 * is not private, by its place in what is mapped there shared.
 */
#ifndef EINKORN_KERNEL_SCHED_FUTEX_H
#define EINKORN_KERNEL_SCHED_FUTEX_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/core/uaccess.h"

struct thread;

/* Deadlines are absolute, monotonic. 0, -EAGAIN, -ETIMEDOUT, -ERESTARTSYS,
 * -EFAULT. */
int futex_wait(uptr_t addr, bool shared, uint32_t value, uint32_t bitset,
               uint64_t deadline_ns);
/* Number of threads woken (and moved, for requeue), or -errno. */
int64_t futex_wake(uptr_t addr, bool shared, uint32_t nr, uint32_t bitset);
/* expected: NULL for FUTEX_REQUEUE. Counts as requeue's or cmp_requeue's. */
int64_t futex_requeue(uptr_t addr, bool shared, uint32_t nr_wake,
                      uint32_t nr_move, uptr_t addr2, const uint32_t *expected);
int64_t futex_wake_op(uptr_t addr, bool shared, uint32_t nr, uint32_t nr2,
                      uptr_t addr2, uint32_t op);

/* Words that hold their owner's tid (FUTEX_LOCK_PI and relatives). Ownership
 * is handed over; priorities, which do not exist here, are not inherited. */
int futex_lock_pi(uptr_t addr, uint64_t deadline_ns, bool try_only);
int futex_unlock_pi(uptr_t addr);
/* A condition variable (addr) with such a lock (lock): sleep until the lock
 * is ours; and pass sleepers on: the first gets the lock if it is free, the
 * others, nr_move at most, wait for it. Number of threads, or -errno. */
int futex_wait_requeue_pi(uptr_t addr, uint32_t value, uint64_t deadline_ns,
                          uptr_t lock);
int64_t futex_requeue_pi(uptr_t addr, uint32_t value, uint32_t nr_move,
                         uptr_t lock);

/* A thread ends: wake who joins it, mark the robust futexes that it holds
 * (set_robust_list(2)). */
void futex_thread_exit(struct thread *t);

#endif
