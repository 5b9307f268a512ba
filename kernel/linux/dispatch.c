/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a system call's number to its handler. Counting and tracing hang on
 * one flag, so that a call pays one compare for both.
 */
#include "kernel/linux/dispatch.h"

#include <asm/errno.h>

#include "kernel/arch/x86_64/frame.h"
#include "kernel/core/lock.h"
#include "kernel/core/log.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/crash.h"
#include "kernel/linux/stats.h"
#include "kernel/linux/trace.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/thread.h"

enum { NR_MAX = 512 };

static bool observing; /* one of these: */
static bool counting, tracing;
static uint64_t missing_logged[NR_MAX / 64];

static int64_t missing(uint32_t nr)
{
    uint64_t bit = UINT64_C(1) << nr % 64;

    if (nr < NR_MAX && !(missing_logged[nr / 64] & bit)) {
        missing_logged[nr / 64] |= bit;
        klog(LOG_INFO, "system call %u (%s) is not implemented: ENOSYS", nr,
             nr < syscall_table_len && syscall_table[nr].name
                 ? syscall_table[nr].name
                 : "unknown");
    }
    return -ENOSYS;
}

static void observe_entry(const struct abi_frame *r, uint32_t nr)
{
    if (counting)
        stats_call(nr, r->kind == FRAME_KIND_FAST);
    if (tracing)
        trace_entry(r, nr);
}

static void observe_exit(const struct abi_frame *r, uint32_t nr, int64_t result)
{
    if (counting && result == -ENOSYS)
        stats_missing(nr);
    if (tracing)
        trace_exit(r, nr, result);
}

static bool wants_restart(int64_t result)
{
    return result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK;
}

void syscall_dispatch(struct abi_frame *r)
{
    uint32_t nr = (uint32_t)r->rax;
    int64_t result;

    current_thread()->syscall_nr = nr;
    if (__builtin_expect(observing, 0))
        observe_entry(r, nr);
    if (nr < syscall_table_len && syscall_table[nr].fn)
        result = syscall_table[nr].fn(r);
    else
        result = missing(nr);
    r->rax = (uint64_t)result;
    if (__builtin_expect(observing, 0))
        observe_exit(r, nr, result);
    if (__builtin_expect(this_cpu()->work || wants_restart(result), 0))
        sched_return_to_user(r);
}

void syscall_dispatch_locked(struct abi_frame *r)
{
    kernel_lock();
    syscall_dispatch(r);
    kernel_unlock();
}

void syscall_init(void)
{
    crash_init();
    counting = stats_init();
    tracing = trace_init();
    observing = counting || tracing;
}
