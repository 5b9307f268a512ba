/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Resource limits and usage: getrlimit(2), getrusage(2).
 */
#include <asm-generic/resource.h>
#include <asm/errno.h>

#include "kernel/core/uaccess.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/core.h"
#include "kernel/linux/ids.h"
#include "kernel/linux/timespec.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/thread.h"
#include "lib/string.h"

#define NONE UINT64_MAX

_Static_assert(sizeof(process.limits) / sizeof(process.limits[0]) ==
                   RLIM_NLIMITS,
               "limits");

static const struct rlimit64_pair defaults[RLIM_NLIMITS] = {
    [RLIMIT_CPU] = {NONE, NONE},
    [RLIMIT_FSIZE] = {NONE, NONE},
    [RLIMIT_DATA] = {NONE, NONE},
    [RLIMIT_STACK] = {8 << 20, NONE},
    [RLIMIT_CORE] = {0, NONE},
    [RLIMIT_RSS] = {NONE, NONE},
    [RLIMIT_NPROC] = {32768, 32768},
    [RLIMIT_NOFILE] = {65536, 65536},
    [RLIMIT_MEMLOCK] = {8 << 20, 8 << 20},
    [RLIMIT_AS] = {NONE, NONE},
    [RLIMIT_LOCKS] = {NONE, NONE},
    [RLIMIT_SIGPENDING] = {32768, 32768},
    [RLIMIT_MSGQUEUE] = {819200, 819200},
    [RLIMIT_NICE] = {0, 0},
    [RLIMIT_RTPRIO] = {0, 0},
    [RLIMIT_RTTIME] = {NONE, NONE},
};

void limits_init(void)
{
    memcpy(process.limits, defaults, sizeof(defaults));
    if (core_wanted())
        process.limits[RLIMIT_CORE].soft = NONE;
}

static int64_t set_limit(uint64_t which, const struct rlimit64_pair *new_pair)
{
    struct rlimit64_pair *old = &process.limits[which];

    if (new_pair->soft > new_pair->hard)
        return -EINVAL;
    if (new_pair->hard > old->hard && process.euid != 0)
        return -EPERM;
    if (which == RLIMIT_NOFILE && new_pair->hard > 1 << 20)
        return -EPERM;
    *old = *new_pair;
    if (which == RLIMIT_AS || which == RLIMIT_DATA || which == RLIMIT_STACK)
        mm_set_limits(process.limits[RLIMIT_AS].soft,
                      process.limits[RLIMIT_DATA].soft,
                      process.limits[RLIMIT_STACK].soft);
    return 0;
}

int64_t sys_getrlimit(struct abi_frame *r)
{
    if (r->rdi >= RLIM_NLIMITS)
        return -EINVAL;
    return copy_out(r->rsi, &process.limits[r->rdi]);
}

int64_t sys_setrlimit(struct abi_frame *r)
{
    struct rlimit64_pair pair;

    if (r->rdi >= RLIM_NLIMITS)
        return -EINVAL;
    if (copy_in(&pair, r->rsi) < 0)
        return -EFAULT;
    return set_limit(r->rdi, &pair);
}

int64_t sys_prlimit64(struct abi_frame *r)
{
    struct rlimit64_pair old, pair = {0, 0};
    int64_t err = 0;

    if ((int32_t)r->rdi && !thread_find((int32_t)r->rdi))
        return -ESRCH;
    if (r->rsi >= RLIM_NLIMITS)
        return -EINVAL;
    if (r->rdx && copy_in(&pair, r->rdx) < 0)
        return -EFAULT;
    old = process.limits[r->rsi];
    if (r->rdx)
        err = set_limit(r->rsi, &pair);
    if (!err && r->r10)
        err = copy_out(r->r10, &old);
    return err;
}

enum { USAGE_SELF = 0, USAGE_CHILDREN = -1, USAGE_THREAD = 1 };

struct krusage {
    struct ktimeval user, system;
    int64_t maxrss, ixrss, idrss, isrss, minflt, majflt, nswap, inblock,
        oublock, msgsnd, msgrcv, nsignals, nvcsw, nivcsw;
};

/* The kernel's time is not told apart from the program's. */
int64_t sys_getrusage(struct abi_frame *r)
{
    struct krusage u = {0};
    struct mm_usage usage;
    uint64_t ns;

    switch ((int32_t)r->rdi) {
    case USAGE_SELF:
        ns = process_cpu_ns();
        u.nvcsw = (int64_t)process.nr_slept;
        u.nivcsw = (int64_t)process.nr_passed;
        break;
    case USAGE_THREAD:
        ns = thread_cpu_ns(current_thread());
        u.nvcsw = (int64_t)current_thread()->nr_slept;
        u.nivcsw = (int64_t)current_thread()->nr_passed;
        break;
    case USAGE_CHILDREN:
        return copy_out(r->rsi, &u);
    default:
        return -EINVAL;
    }
    mm_usage(&usage);
    u.user.sec = (int64_t)(ns / NSEC_PER_SEC);
    u.user.usec = (int64_t)(ns % NSEC_PER_SEC / 1000);
    u.maxrss = (int64_t)(usage.committed_bytes / 1024);
    return copy_out(r->rsi, &u);
}
