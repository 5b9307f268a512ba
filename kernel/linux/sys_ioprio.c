/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ioprio_set(2), ioprio_get(2): kept. Reading and writing is scheduled by the
 * host.
 */
#include <asm/errno.h>
#include <linux/ioprio.h>

#include "kernel/linux/calls.h"
#include "kernel/linux/ids.h"
#include "kernel/sched/thread.h"

/* A thread's, or that of who asks for the whole group or user. */
static struct thread *whose(uint64_t which, uint64_t who, int *err)
{
    struct thread *t = current_thread();

    *err = 0;
    if ((int32_t)which == IOPRIO_WHO_PROCESS && (int32_t)who)
        t = thread_find((int32_t)who);
    else if ((int32_t)which < IOPRIO_WHO_PROCESS ||
             (int32_t)which > IOPRIO_WHO_USER)
        *err = -EINVAL;
    if (!*err && !t)
        *err = -ESRCH;
    return t;
}

static int check(uint64_t value)
{
    uint32_t level = value & (IOPRIO_NR_LEVELS - 1);

    switch (value >> IOPRIO_CLASS_SHIFT & IOPRIO_CLASS_MASK) {
    case IOPRIO_CLASS_NONE:
        return level ? -EINVAL : 0;
    case IOPRIO_CLASS_RT:
        return process.euid ? -EPERM : 0;
    case IOPRIO_CLASS_BE:
    case IOPRIO_CLASS_IDLE:
        return 0;
    default:
        return -EINVAL;
    }
}

int64_t sys_ioprio_set(struct abi_frame *r)
{
    int err = check((uint32_t)r->rdx);
    struct thread *t;

    if (err)
        return err;
    t = whose(r->rdi, r->rsi, &err);
    if (!err)
        t->ioprio = (uint16_t)r->rdx;
    return err;
}

int64_t sys_ioprio_get(struct abi_frame *r)
{
    const struct thread *t;
    int err;

    t = whose(r->rdi, r->rsi, &err);
    return err ? err : t->ioprio;
}
