/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex(2): operations and the several ways in which timeouts are given.
 */
#include <asm/errno.h>
#include <linux/futex.h>

#include "kernel/linux/calls.h"
#include "kernel/linux/timespec.h"
#include "kernel/sched/futex.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/thread.h"

static bool is_shared(const struct abi_frame *r)
{
    return !(r->rsi & FUTEX_PRIVATE_FLAG);
}

/* FUTEX_WAIT's timeout is relative; a restarted call goes on with what was
 * left. */
static int wait_relative(const struct abi_frame *r, uint32_t value)
{
    struct thread *t = current_thread();
    uint64_t deadline = t->restart_deadline_ns;
    int err;

    if (!r->r10)
        return futex_wait(r->rdi, is_shared(r), value, FUTEX_BITSET_MATCH_ANY,
                          NO_DEADLINE);
    t->restart_deadline_ns = 0;
    if (!deadline) {
        err = deadline_from_user(r->r10, CLOCK_ID_MONOTONIC, false, &deadline);
        if (err)
            return err;
    }
    err = futex_wait(r->rdi, is_shared(r), value, FUTEX_BITSET_MATCH_ANY,
                     deadline);
    if (err != -ERESTARTSYS)
        return err;
    t->restart_deadline_ns = deadline;
    return -ERESTART_RESTARTBLOCK;
}

static int absolute(const struct abi_frame *r, bool realtime, uint64_t *out)
{
    *out = NO_DEADLINE;
    if (!r->r10)
        return 0;
    return deadline_from_user(
        r->r10, realtime ? CLOCK_ID_REALTIME : CLOCK_ID_MONOTONIC, true, out);
}

static int wait_bitset(const struct abi_frame *r, uint32_t value, bool realtime)
{
    uint64_t deadline;
    int err = absolute(r, realtime, &deadline);

    if (err)
        return err;
    return futex_wait(r->rdi, is_shared(r), value, (uint32_t)r->r9, deadline);
}

static int lock_pi(const struct abi_frame *r, bool realtime)
{
    uint64_t deadline;
    int err = absolute(r, realtime, &deadline);

    return err ? err : futex_lock_pi(r->rdi, deadline, false);
}

static int wait_requeue_pi(const struct abi_frame *r, uint32_t value,
                           bool realtime)
{
    uint64_t deadline;
    int err = absolute(r, realtime, &deadline);

    return err ? err : futex_wait_requeue_pi(r->rdi, value, deadline, r->r8);
}

int64_t sys_futex(struct abi_frame *r)
{
    uint32_t op = (uint32_t)r->rsi, value = (uint32_t)r->rdx;
    uint32_t value2 = (uint32_t)r->r10, value3 = (uint32_t)r->r9;
    bool realtime = op & FUTEX_CLOCK_REALTIME;

    switch (op & (uint32_t)FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
        return wait_relative(r, value);
    case FUTEX_WAIT_BITSET:
        return wait_bitset(r, value, realtime);
    case FUTEX_WAKE:
        return futex_wake(r->rdi, is_shared(r), value, FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAKE_BITSET:
        return futex_wake(r->rdi, is_shared(r), value, value3);
    case FUTEX_REQUEUE:
        return futex_requeue(r->rdi, is_shared(r), value, value2, r->r8, 0);
    case FUTEX_CMP_REQUEUE:
        return futex_requeue(r->rdi, is_shared(r), value, value2, r->r8,
                             &value3);
    case FUTEX_WAKE_OP:
        return futex_wake_op(r->rdi, is_shared(r), value, value2, r->r8,
                             value3);
    case FUTEX_LOCK_PI:
        return lock_pi(r, true);
    case FUTEX_LOCK_PI2:
        return lock_pi(r, realtime);
    case FUTEX_TRYLOCK_PI:
        return futex_lock_pi(r->rdi, NO_DEADLINE, true);
    case FUTEX_UNLOCK_PI:
        return futex_unlock_pi(r->rdi);
    case FUTEX_WAIT_REQUEUE_PI:
        return wait_requeue_pi(r, value, realtime);
    case FUTEX_CMP_REQUEUE_PI: /* nr_wake is 1 by definition */
        return value == 1 ? futex_requeue_pi(r->rdi, value3, value2, r->r8)
                          : -EINVAL;
    default:
        return -ENOSYS;
    }
}
