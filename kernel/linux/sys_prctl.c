/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prctl(2): the operations that programs use.
 */
#include <asm/errno.h>
#include <linux/capability.h>
#include <linux/prctl.h>

#include "kernel/core/uaccess.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/timespec.h"
#include "kernel/sched/thread.h"
#include "lib/string.h"

static int64_t set_thread_name(uint64_t addr)
{
    char name[THREAD_COMM_MAX] = {0};
    int64_t len = strncpy_from_user(name, addr, sizeof(name) - 1);

    if (len == -EFAULT)
        return len;
    memcpy(current_thread()->comm, name, sizeof(name));
    return 0;
}

/* A flag that takes 1 only, and zeroes behind it. */
static int64_t set_flag(const struct abi_frame *r, bool *flag, bool one_way)
{
    if (r->rsi > 1 || (one_way && r->rsi != 1))
        return -EINVAL;
    if (one_way && (r->rdx | r->r10 | r->r8))
        return -EINVAL;
    *flag = r->rsi;
    return 0;
}

static int64_t bounding_read(uint64_t cap)
{
    return cap > CAP_LAST_CAP ? -EINVAL
                              : (int64_t)(process.cap_bounding >> cap & 1);
}

static int64_t bounding_drop(uint64_t cap)
{
    if (cap > CAP_LAST_CAP)
        return -EINVAL;
    if (!(process.cap_effective >> CAP_SETPCAP & 1))
        return -EPERM;
    process.cap_bounding &= ~(UINT64_C(1) << cap);
    return 0;
}

/* No ambient capability can be raised: no execve with other credentials. */
static int64_t ambient(const struct abi_frame *r)
{
    if (r->rsi == PR_CAP_AMBIENT_IS_SET)
        return r->rdx > CAP_LAST_CAP ? -EINVAL : 0;
    if (r->rsi == PR_CAP_AMBIENT_CLEAR_ALL || r->rsi == PR_CAP_AMBIENT_LOWER)
        return 0;
    return -EPERM;
}

int64_t sys_prctl(struct abi_frame *r)
{
    static uint64_t death_signal, slack_ns = 50000;
    static bool subreaper;
    struct thread *t = current_thread();
    uint32_t word;

    switch ((uint32_t)r->rdi) {
    case PR_SET_NAME:
        return set_thread_name(r->rsi);
    case PR_GET_NAME:
        return copy_out(r->rsi, &t->comm);
    case PR_SET_DUMPABLE:
        return set_flag(r, &process.dumpable, false);
    case PR_GET_DUMPABLE:
        return process.dumpable;
    case PR_SET_KEEPCAPS:
        return set_flag(r, &process.keep_caps, false);
    case PR_GET_KEEPCAPS:
        return process.keep_caps;
    case PR_SET_NO_NEW_PRIVS:
        return set_flag(r, &process.no_new_privs, true);
    case PR_GET_NO_NEW_PRIVS:
        return process.no_new_privs;
    case PR_SET_PDEATHSIG: /* the parent is outside and outlives us */
        if (r->rsi > SIGNAL_MAX)
            return -EINVAL;
        death_signal = r->rsi;
        return 0;
    case PR_GET_PDEATHSIG:
        word = (uint32_t)death_signal;
        return copy_out(r->rsi, &word);
    case PR_CAPBSET_READ:
        return bounding_read(r->rsi);
    case PR_CAPBSET_DROP:
        return bounding_drop(r->rsi);
    case PR_CAP_AMBIENT:
        return ambient(r);
    case PR_GET_SECUREBITS:
        return process.securebits;
    case PR_SET_SECUREBITS:
        if (!(process.cap_effective >> CAP_SETPCAP & 1))
            return -EPERM;
        process.securebits = (uint32_t)r->rsi;
        return 0;
    case PR_GET_SECCOMP:
        return 0;
    case PR_SET_THP_DISABLE:
        return set_flag(r, &process.thp_disabled, false);
    case PR_GET_THP_DISABLE:
        return process.thp_disabled;
    case PR_SET_TIMERSLACK:
        slack_ns = r->rsi ? r->rsi : 50000;
        return 0;
    case PR_GET_TIMERSLACK:
        return (int64_t)slack_ns;
    case PR_SET_CHILD_SUBREAPER:
        subreaper = r->rsi != 0;
        return 0;
    case PR_GET_CHILD_SUBREAPER:
        word = subreaper;
        return copy_out(r->rsi, &word);
    case PR_GET_TID_ADDRESS:
        return copy_out(r->rsi, &t->clear_child_tid);
    case PR_GET_TIMING:
        return PR_TIMING_STATISTICAL;
    case PR_SET_TIMING:
        return r->rsi == PR_TIMING_STATISTICAL ? 0 : -EINVAL;
    case PR_GET_TSC:
        word = PR_TSC_ENABLE;
        return copy_out(r->rsi, &word);
    case PR_SET_TSC:
        return r->rsi == PR_TSC_ENABLE ? 0 : -EINVAL;
    case PR_MCE_KILL_GET:
        return r->rsi | r->rdx | r->r10 | r->r8 ? -EINVAL : PR_MCE_KILL_DEFAULT;
    case PR_TASK_PERF_EVENTS_DISABLE:
    case PR_TASK_PERF_EVENTS_ENABLE:
        return 0; /* there are none */
    default:      /* PR_SET_VMA among them, as a kernel without that option */
        return -EINVAL;
    }
}
