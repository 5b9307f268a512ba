/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands in /sys: one table.
 */
#include "kernel/fs/sys/sys.h"

#include "kernel/core/alloc.h"
#include "kernel/core/cpu.h"
#include "kernel/fs/pseudo/pseudo.h"
#include "kernel/mm/mm.h"

static void cpu_list(struct text *t, uint64_t arg)
{
    uint32_t nr = platform.boot->nr_vcpus;

    (void)arg;
    text_printf(t, nr > 1 ? "0-%u\n" : "0\n", nr - 1);
}

static void cpu_mask(struct text *t, uint64_t arg)
{
    (void)arg;
    text_printf(t, "%x\n", (1u << platform.boot->nr_vcpus) - 1);
}

static void memory_max(struct text *t, uint64_t arg)
{
    (void)arg;
    text_printf(t, "%lu\n", platform.boot->mem_limit_bytes);
}

static void memory_current(struct text *t, uint64_t arg)
{
    struct mm_usage use;

    (void)arg;
    mm_usage(&use);
    text_printf(t, "%lu\n", use.committed_bytes + alloc_used_bytes());
}

static void node_meminfo(struct text *t, uint64_t arg)
{
    (void)arg;
    text_printf(t, "Node 0 MemTotal: %15lu kB\n",
                platform.boot->mem_limit_bytes / 1024);
}

#define CPU "devices/system/cpu/"
#define NODE "devices/system/node/"
#define THP "kernel/mm/transparent_hugepage/"

static const struct pseudo_entry entries[] = {
    {.path = CPU "online", .show = cpu_list},
    {.path = CPU "possible", .show = cpu_list},
    {.path = CPU "present", .show = cpu_list},
    {.path = CPU "kernel_max", .value = "255"},
    {.path = CPU "cpu0/topology/core_id", .value = "0"},
    {.path = CPU "cpu0/topology/physical_package_id", .value = "0"},
    {.path = CPU "cpu0/topology/thread_siblings_list", .value = "0"},
    {.path = NODE "online", .value = "0"},
    {.path = NODE "possible", .value = "0"},
    {.path = NODE "node0/cpulist", .show = cpu_list},
    {.path = NODE "node0/cpumap", .show = cpu_mask},
    {.path = NODE "node0/meminfo", .show = node_meminfo},
    {.path = "devices/system/clocksource/clocksource0/current_clocksource",
     .value = "tsc"},
    {.path = THP "enabled", .value = "always [madvise] never"},
    {.path = THP "defrag",
     .value = "always defer defer+madvise [madvise] never"},
    {.path = THP "hpage_pmd_size", .value = "2097152"},
    {.path = THP "shmem_enabled",
     .value = "always within_size advise [never] deny force"},
    {.path = "fs/cgroup/cgroup.controllers", .value = "cpu memory"},
    {.path = "fs/cgroup/memory.max", .show = memory_max},
    {.path = "fs/cgroup/memory.current", .show = memory_current},
    {.path = "fs/cgroup/memory.high", .value = "max"},
    {.path = "fs/cgroup/memory.swap.max", .value = "0"},
    {.path = "fs/cgroup/cpu.max", .value = "max 100000"},
};

int sys_mount(void)
{
    static struct super super = {
        .type = "sysfs",
        .source = "sysfs",
        .options = ",nosuid,nodev,noexec,relatime",
    };

    return pseudo_mount(&super, "/sys", entries,
                        sizeof(entries) / sizeof(entries[0]));
}
