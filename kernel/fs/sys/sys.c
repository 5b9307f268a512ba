/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree of /sys.
 */
#include "kernel/fs/sys/sys.h"

#include <linux/errno.h>
#include <linux/magic.h>

#include "kernel/core/alloc.h"
#include "kernel/core/cpu.h"
#include "kernel/fs/pseudo/pseudo.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/thread.h"

static void show_text(struct seq *s, uint64_t arg)
{
    seq_printf(s, "%s\n", (const char *)(uintptr_t)arg);
}

/* "0" or "0-3". */
static void show_cpus(struct seq *s, uint64_t arg)
{
    uint32_t nr = sched_nr_cpus();

    (void)arg;
    seq_puts(s, "0");
    if (nr > 1)
        seq_printf(s, "-%u", nr - 1);
    seq_puts(s, "\n");
}

static void put_mask(struct seq *s, uint64_t bits)
{
    seq_printf(s, "%lx\n", bits);
}

static void show_cpumap(struct seq *s, uint64_t arg)
{
    uint32_t nr = sched_nr_cpus();

    (void)arg;
    put_mask(s, nr < 64 ? (UINT64_C(1) << nr) - 1 : UINT64_MAX);
}

static void show_cpu_number(struct seq *s, uint64_t arg)
{
    seq_printf(s, "%lu\n", arg);
}

static void show_cpu_bit(struct seq *s, uint64_t arg)
{
    put_mask(s, UINT64_C(1) << (arg & 63));
}

static bool cpu_next(uint64_t arg, uint64_t *nr)
{
    (void)arg;
    return *nr < sched_nr_cpus();
}

static bool node_next(uint64_t arg, uint64_t *nr)
{
    (void)arg;
    return *nr == 0;
}

static void show_node_meminfo(struct seq *s, uint64_t arg)
{
    uint64_t total = platform.boot->mem_limit_bytes, used;
    struct mm_usage u;

    mm_usage(&u);
    used = u.committed_bytes + alloc_used_bytes();
    used = used < total ? used : total;
    seq_printf(s,
               "Node %lu MemTotal:       %8lu kB\n"
               "Node %lu MemFree:        %8lu kB\n"
               "Node %lu MemUsed:        %8lu kB\n",
               arg, total / 1024, arg, (total - used) / 1024, arg, used / 1024);
}

#define TEXT(n, t)                                                             \
    {                                                                          \
        .name = (n), .mode = 0444, .show = show_text, .arg = (uintptr_t)(t)    \
    }
#define SHOW(n, fn)                                                            \
    {                                                                          \
        .name = (n), .mode = 0444, .show = (fn)                                \
    }
#define DIR(n, e)                                                              \
    {                                                                          \
        .name = (n), .mode = 0555, .entries = (e)                              \
    }
#define EMPTY(n)                                                               \
    {                                                                          \
        .name = (n), .mode = 0555                                              \
    }
#define END                                                                    \
    {                                                                          \
        .name = NULL                                                           \
    }

/* clang-format off */
static const struct pseudo_node topology[] = {
    SHOW("core_id", show_cpu_number),
    SHOW("core_cpus_list", show_cpu_number),
    SHOW("thread_siblings_list", show_cpu_number),
    SHOW("thread_siblings", show_cpu_bit),
    SHOW("core_siblings_list", show_cpus),
    SHOW("core_siblings", show_cpumap),
    SHOW("package_cpus_list", show_cpus),
    TEXT("physical_package_id", "0"),
    TEXT("die_id", "0"),
    END,
};
static const struct pseudo_node cpu_entries[] = {
    DIR("topology", topology),
    END,
};
static const struct pseudo_node cpu_each = {
    .mode = 0555, .entries = cpu_entries};
static const struct pseudo_node cpus_entries[] = {
    SHOW("online", show_cpus),
    SHOW("possible", show_cpus),
    SHOW("present", show_cpus),
    TEXT("offline", ""),
    TEXT("isolated", ""),
    TEXT("kernel_max", "63"),
    END,
};

static const struct pseudo_node node_entries[] = {
    SHOW("cpulist", show_cpus),
    SHOW("cpumap", show_cpumap),
    SHOW("meminfo", show_node_meminfo),
    TEXT("distance", "10"),
    END,
};
static const struct pseudo_node node_each = {
    .mode = 0555, .entries = node_entries};
static const struct pseudo_node nodes_entries[] = {
    TEXT("online", "0"),
    TEXT("possible", "0"),
    TEXT("has_cpu", "0"),
    TEXT("has_memory", "0"),
    TEXT("has_normal_memory", "0"),
    END,
};

static const struct pseudo_node clocksource0[] = {
    TEXT("current_clocksource", "tsc"),
    TEXT("available_clocksource", "tsc"),
    END,
};
static const struct pseudo_node clocksource[] = {
    DIR("clocksource0", clocksource0),
    END,
};

static const struct pseudo_node system_entries[] = {
    DIR("clocksource", clocksource),
    {.name = "cpu", .mode = 0555, .entries = cpus_entries, .each = &cpu_each,
     .prefix = "cpu", .next = cpu_next},
    {.name = "node", .mode = 0555, .entries = nodes_entries,
     .each = &node_each, .prefix = "node", .next = node_next},
    END,
};
static const struct pseudo_node devices[] = {
    DIR("system", system_entries),
    EMPTY("virtual"),
    END,
};

static const struct pseudo_node hugepage[] = {
    TEXT("enabled", "always madvise [never]"),
    TEXT("defrag", "always defer defer+madvise madvise [never]"),
    TEXT("shmem_enabled", "always within_size advise [never] deny force"),
    TEXT("use_zero_page", "1"),
    TEXT("hpage_pmd_size", "2097152"),
    END,
};
static const struct pseudo_node mm_entries[] = {
    EMPTY("hugepages"),
    DIR("transparent_hugepage", hugepage),
    END,
};
static const struct pseudo_node kernel_entries[] = {
    DIR("mm", mm_entries),
    END,
};
static const struct pseudo_node fs_entries[] = {
    EMPTY("cgroup"),
    END,
};

static const struct pseudo_node root_entries[] = {
    EMPTY("block"),
    EMPTY("bus"),
    DIR("class", sys_class_entries),
    EMPTY("dev"),
    DIR("devices", devices),
    DIR("fs", fs_entries),
    DIR("kernel", kernel_entries),
    EMPTY("module"),
    EMPTY("power"),
    END,
};
static const struct pseudo_node root_node = {
    .mode = 0555, .entries = root_entries};
/* clang-format on */

int sys_mount(void)
{
    static struct super sys = {.type = "sysfs",
                               .source = "sysfs",
                               .options = ",nosuid,nodev,noexec,relatime",
                               .data = (void *)SYSFS_MAGIC};

    return pseudo_mount(&sys, &root_node, "/sys");
}
