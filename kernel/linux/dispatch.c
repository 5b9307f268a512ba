/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a system call's number to its handler. Counting and tracing hang on
 * one flag, so that a call pays one compare for both.
 */
#include "kernel/linux/dispatch.h"

#include <asm/errno.h>

#include "kernel/arch/x86_64/frame.h"
#include "kernel/core/log.h"
#include "kernel/linux/calls.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/thread.h"

enum { NR_MAX = 512 };

static bool observing;
static uint64_t counts[NR_MAX][2]; /* slow, fast */
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

static const char *name_of(uint32_t nr)
{
    if (nr < syscall_table_len && syscall_table[nr].name)
        return syscall_table[nr].name;
    return "?";
}

static void observe_entry(const struct abi_frame *r, uint32_t nr)
{
    if (nr < NR_MAX)
        counts[nr][r->kind == FRAME_KIND_FAST]++;
    klog(LOG_DEBUG, "%d %s(%lx, %lx, %lx, %lx, %lx, %lx)",
         current_thread()->tid, name_of(nr), r->rdi, r->rsi, r->rdx, r->r10,
         r->r8, r->r9);
}

static void observe_exit(uint32_t nr, int64_t result)
{
    klog(LOG_DEBUG, "%d %s = %ld", current_thread()->tid, name_of(nr), result);
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
        observe_exit(nr, result);
    if (__builtin_expect(this_cpu()->work || wants_restart(result), 0))
        sched_return_to_user(r);
}

static void report(void)
{
    uint64_t sum[2] = {0, 0};

    for (uint32_t nr = 0; nr < NR_MAX; nr++) {
        if (counts[nr][0] + counts[nr][1] == 0)
            continue;
        sum[0] += counts[nr][0];
        sum[1] += counts[nr][1];
        klog(LOG_ERROR, "stats: %-20s fast %lu slow %lu", name_of(nr),
             counts[nr][1], counts[nr][0]);
    }
    klog(LOG_ERROR, "stats: system calls fast %lu slow %lu", sum[1], sum[0]);
}

void syscall_init(void)
{
    bool stats = platform.boot->flags & ABI_BOOT_STATS;

    observing = stats || klog_enabled(LOG_DEBUG);
    if (stats)
        process_at_exit(report);
}
