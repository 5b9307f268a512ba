/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scheduling calls, sched(7). Policies and priorities are checked and
 * remembered, but all threads are scheduled alike.
 */
#include <asm/errno.h>
#include <linux/rseq.h>
#include <linux/sched.h>

#include "kernel/core/uaccess.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/timespec.h"
#include "kernel/sched/rseq.h"
#include "kernel/sched/smp.h"
#include "kernel/sched/thread.h"

static struct thread *thread_arg(uint64_t tid)
{
    return (int32_t)tid ? thread_find((int32_t)tid) : current_thread();
}

int64_t sys_sched_yield(struct abi_frame *r)
{
    (void)r;
    sched_yield();
    return 0;
}

static uint64_t cpu_mask(void)
{
    return (UINT64_C(1) << sched_nr_cpus()) - 1;
}

int64_t sys_sched_getaffinity(struct abi_frame *r)
{
    const struct thread *t = thread_arg(r->rdi);
    uint64_t mask;

    if (!t)
        return -ESRCH;
    mask = t->affinity & cpu_mask();
    if ((uint32_t)r->rsi < 8 || r->rsi % 8)
        return -EINVAL;
    if (copy_out(r->rdx, &mask) < 0)
        return -EFAULT;
    return 8;
}

int64_t sys_sched_setaffinity(struct abi_frame *r)
{
    uint64_t mask = 0, len = (uint32_t)r->rsi;
    struct thread *t = thread_arg(r->rdi);

    if (!t)
        return -ESRCH;
    if (copy_from_user(&mask, r->rdx, len < 8 ? len : 8) < 0)
        return -EFAULT;
    if (!(mask & cpu_mask()))
        return -EINVAL;
    t->affinity = mask & cpu_mask();
    smp_poke(t);
    cpu_set_work(this_cpu()); /* it may wait for a CPU that is idle */
    return 0;
}

int64_t sys_getcpu(struct abi_frame *r)
{
    uint32_t cpu = this_cpu()->vcpu.index, zero = 0;

    if (r->rdi && copy_out(r->rdi, &cpu) < 0)
        return -EFAULT;
    if (r->rsi && copy_out(r->rsi, &zero) < 0)
        return -EFAULT;
    return 0;
}

static bool is_realtime(int policy)
{
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

static int check_policy(int policy, int priority)
{
    if (is_realtime(policy))
        return priority >= 1 && priority <= 99 ? 0 : -EINVAL;
    if (policy != SCHED_NORMAL && policy != SCHED_BATCH && policy != SCHED_IDLE)
        return -EINVAL;
    return priority == 0 ? 0 : -EINVAL;
}

static int apply_policy(struct thread *t, int policy, int32_t priority)
{
    int err = check_policy(policy & ~SCHED_RESET_ON_FORK, priority);

    if (err)
        return err;
    t->policy = policy;
    t->rt_priority = priority;
    return 0;
}

static int64_t set_policy(uint64_t tid, int policy, uint64_t param)
{
    struct thread *t = thread_arg(tid);
    int32_t priority;

    if (copy_in(&priority, param) < 0)
        return -EFAULT;
    if (!t)
        return -ESRCH;
    return apply_policy(t, policy < 0 ? t->policy : policy, priority);
}

int64_t sys_sched_setscheduler(struct abi_frame *r)
{
    if ((int32_t)r->rsi < 0)
        return -EINVAL;
    return set_policy(r->rdi, (int32_t)r->rsi, r->rdx);
}

int64_t sys_sched_setparam(struct abi_frame *r)
{
    return set_policy(r->rdi, -1, r->rsi);
}

int64_t sys_sched_getscheduler(struct abi_frame *r)
{
    const struct thread *t = thread_arg(r->rdi);

    if ((int32_t)r->rdi < 0)
        return -EINVAL;
    return t ? t->policy : -ESRCH;
}

int64_t sys_sched_getparam(struct abi_frame *r)
{
    const struct thread *t = thread_arg(r->rdi);

    if ((int32_t)r->rdi < 0 || !r->rsi)
        return -EINVAL;
    return t ? copy_out(r->rsi, &t->rt_priority) : -ESRCH;
}

int64_t sys_sched_get_priority_max(struct abi_frame *r)
{
    int policy = (int32_t)r->rdi;

    if (is_realtime(policy))
        return 99;
    return policy == SCHED_DEADLINE ? 0 : check_policy(policy, 0);
}

int64_t sys_sched_get_priority_min(struct abi_frame *r)
{
    int policy = (int32_t)r->rdi;

    if (is_realtime(policy))
        return 1;
    return policy == SCHED_DEADLINE ? 0 : check_policy(policy, 0);
}

int64_t sys_sched_rr_get_interval(struct abi_frame *r)
{
    if (!thread_arg(r->rdi))
        return -ESRCH;
    return timespec_to_user(r->rsi, SLICE_NS);
}

/* sched_setattr(2)'s structure; callers may know a shorter or longer one. */
struct sched_attr {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns, deadline_ns, period_ns;
    uint32_t util_min, util_max;
};

enum { ATTR_BYTES_MIN = 48, ATTR_BYTES_MAX = 4096, UTIL_MAX = 1024 };

static int32_t clamp_nice(int32_t nice)
{
    return nice < -20 ? -20 : nice > 19 ? 19 : nice;
}

/* Is everything zero that the caller gives beyond what is known here? */
static int check_rest(uint64_t addr, uint32_t len_bytes)
{
    uint8_t byte = 0;
    int err = 0;

    for (; len_bytes && !err && !byte; len_bytes--)
        err = copy_in(&byte, addr++);
    return err ? -EFAULT : byte ? -E2BIG : 0;
}

static int64_t attr_from_user(uint64_t addr, struct sched_attr *a)
{
    const uint32_t known = sizeof(*a);
    uint32_t size;
    int err = 0;

    if (copy_in(&size, addr) < 0)
        return -EFAULT;
    size = size ? size : ATTR_BYTES_MIN;
    if (size < ATTR_BYTES_MIN || size > ATTR_BYTES_MAX)
        err = -E2BIG;
    else if (size > known)
        err = check_rest(addr + known, size - known);
    if (err == -E2BIG && copy_out(addr, &known) < 0)
        return -EFAULT;
    *a = (struct sched_attr){0};
    if (!err && copy_from_user(a, addr, size < known ? size : known) < 0)
        err = -EFAULT;
    return err;
}

int64_t sys_sched_setattr(struct abi_frame *r)
{
    struct thread *t = thread_arg(r->rdi);
    struct sched_attr a;
    int64_t err;
    int policy;

    if (!r->rsi || (int32_t)r->rdi < 0 || (uint32_t)r->rdx)
        return -EINVAL;
    err = attr_from_user(r->rsi, &a);
    if (err)
        return err;
    if ((int32_t)a.policy < 0 ||
        (a.flags & ~(uint64_t)(SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_ALL)))
        return -EINVAL;
    if (!t)
        return -ESRCH;
    if (a.flags & SCHED_FLAG_UTIL_CLAMP)
        return -EOPNOTSUPP;
    if (a.policy == SCHED_DEADLINE && !(a.flags & SCHED_FLAG_KEEP_POLICY))
        return -EPERM; /* there is nothing to reserve of */
    policy = (int)a.policy;
    if (a.flags & SCHED_FLAG_KEEP_POLICY)
        policy = t->policy & ~SCHED_RESET_ON_FORK;
    if (a.flags & SCHED_FLAG_KEEP_PARAMS)
        a.priority = (uint32_t)t->rt_priority;
    if (a.flags & SCHED_FLAG_RESET_ON_FORK)
        policy |= SCHED_RESET_ON_FORK;
    err = a.priority > 99 ? -EINVAL
                          : apply_policy(t, policy, (int32_t)a.priority);
    if (!err && !(a.flags & SCHED_FLAG_KEEP_PARAMS) &&
        !is_realtime(policy & ~SCHED_RESET_ON_FORK))
        t->nice = clamp_nice(a.nice);
    return err;
}

int64_t sys_sched_getattr(struct abi_frame *r)
{
    const struct thread *t = thread_arg(r->rdi);
    uint32_t size = (uint32_t)r->rdx;
    struct sched_attr a = {.size = sizeof(a), .util_max = UTIL_MAX};

    if (!r->rsi || (int32_t)r->rdi < 0 || size < ATTR_BYTES_MIN ||
        size > ATTR_BYTES_MAX || (uint32_t)r->r10)
        return -EINVAL;
    if (!t)
        return -ESRCH;
    a.size = size < a.size ? size : a.size;
    a.policy = (uint32_t)(t->policy & ~SCHED_RESET_ON_FORK);
    if (t->policy & SCHED_RESET_ON_FORK)
        a.flags = SCHED_FLAG_RESET_ON_FORK;
    if (is_realtime((int)a.policy))
        a.priority = (uint32_t)t->rt_priority;
    else
        a.nice = t->nice;
    return copy_to_user(r->rsi, &a, a.size);
}

enum { PRIO_PROCESS, PRIO_PGRP, PRIO_USER };

/* getpriority(2): the call itself returns 20 - nice. */
int64_t sys_getpriority(struct abi_frame *r)
{
    const struct thread *t = current_thread();

    if (r->rdi > PRIO_USER)
        return -EINVAL;
    if (r->rdi == PRIO_PROCESS)
        t = thread_arg(r->rsi);
    return t ? 20 - t->nice : -ESRCH;
}

int64_t sys_setpriority(struct abi_frame *r)
{
    struct thread *t = current_thread();
    int32_t nice = (int32_t)r->rdx;

    if (r->rdi > PRIO_USER)
        return -EINVAL;
    if (r->rdi == PRIO_PROCESS)
        t = thread_arg(r->rsi);
    if (!t)
        return -ESRCH;
    t->nice = clamp_nice(nice);
    return 0;
}

int64_t sys_rseq(struct abi_frame *r)
{
    uint32_t len = (uint32_t)r->rsi, signature = (uint32_t)r->r10;

    if (r->rdx & RSEQ_FLAG_UNREGISTER)
        return r->rdx & ~(uint64_t)RSEQ_FLAG_UNREGISTER
                   ? -EINVAL
                   : rseq_unregister(r->rdi, len, signature);
    return r->rdx ? -EINVAL : rseq_register(r->rdi, len, signature);
}
