/* SPDX-License-Identifier: BSD-2-Clause */
/* Counting and reporting: see stats.h. */
#include "kernel/linux/stats.h"

#include "kernel/core/cpu.h"
#include "kernel/core/log.h"
#include "kernel/fs/v9fs/v9fs.h"
#include "kernel/linux/syscall.h"
#include "kernel/sched/thread.h"

enum { NR_MAX = 512 };

struct stats stats;

static struct {
    uint64_t fast, slow, missing;
} counts[NR_MAX];

static const char *name_of(uint32_t nr)
{
    if (nr < syscall_table_len && syscall_table[nr].name)
        return syscall_table[nr].name;
    return "unknown";
}

void stats_call(uint32_t nr, bool fast)
{
    if (nr >= NR_MAX)
        nr = NR_MAX - 1;
    if (fast)
        counts[nr].fast++;
    else
        counts[nr].slow++;
}

void stats_missing(uint32_t nr)
{
    counts[nr < NR_MAX ? nr : NR_MAX - 1].missing++;
}

static void report(void)
{
    uint64_t fast = 0, slow = 0, missing = 0;

    for (uint32_t nr = 0; nr < NR_MAX; nr++) {
        if (!counts[nr].fast && !counts[nr].slow)
            continue;
        fast += counts[nr].fast;
        slow += counts[nr].slow;
        missing += counts[nr].missing;
        klog(LOG_ERROR, "stats: call %s nr %u fast %lu slow %lu enosys %lu",
             name_of(nr), nr, counts[nr].fast, counts[nr].slow,
             counts[nr].missing);
    }
    klog(LOG_ERROR, "stats: calls fast %lu slow %lu enosys %lu", fast, slow,
         missing);
    klog(LOG_ERROR,
         "stats: upcalls events %lu exceptions %lu faults user %lu kernel %lu",
         stats.events, stats.exceptions, stats.user_faults,
         stats.kernel_faults);
    v9fs_report();
}

bool stats_init(void)
{
    if (!(platform.boot->flags & ABI_BOOT_STATS))
        return false;
    process_at_exit(report);
    return true;
}
