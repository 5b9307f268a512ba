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

static int64_t set_policy(uint64_t tid, int policy, uint64_t param)
{
    struct thread *t = thread_arg(tid);
    int32_t priority;
    int err;

    if (copy_in(&priority, param) < 0)
        return -EFAULT;
    if (!t)
        return -ESRCH;
    if (policy < 0)
        policy = t->policy;
    err = check_policy(policy & ~SCHED_RESET_ON_FORK, priority);
    if (err)
        return err;
    t->policy = policy;
    t->rt_priority = priority;
    return 0;
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
    t->nice = nice < -20 ? -20 : nice > 19 ? 19 : nice;
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
