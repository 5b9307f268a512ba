/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /sys/fs/cgroup: the instance as the one control group it is, version 2
 * (Documentation/admin-guide/cgroup-v2.rst of Linux). Runtimes size their
 * heaps by it. Nothing can be set; groups inside it cannot be made.
 */
#include <linux/magic.h>

#include "kernel/core/alloc.h"
#include "kernel/core/cpu.h"
#include "kernel/fs/pseudo/pseudo.h"
#include "kernel/fs/sys/sys.h"
#include "kernel/mm/mm.h"

static void show_text(struct seq *s, uint64_t arg)
{
    seq_puts(s, (const char *)(uintptr_t)arg);
}

/* Without -m there is no limit, though half of the host's memory is all that
 * is shown as present. */
static void show_memory_max(struct seq *s, uint64_t arg)
{
    (void)arg;
    if (platform.boot->flags & ABI_BOOT_MEM)
        seq_printf(s, "%lu\n", platform.boot->mem_limit_bytes);
    else
        seq_puts(s, "max\n");
}

static void show_memory_current(struct seq *s, uint64_t arg)
{
    struct mm_usage u;

    (void)arg;
    mm_usage(&u);
    seq_printf(s, "%lu\n", u.committed_bytes + alloc_used_bytes());
}

#define TEXT(n, t)                                                             \
    {                                                                          \
        .name = (n), .mode = 0444, .show = show_text, .arg = (uintptr_t)(t)    \
    }
#define SHOW(n, fn)                                                            \
    {                                                                          \
        .name = (n), .mode = 0444, .show = (fn)                                \
    }

static const struct pseudo_node entries[] = {
    TEXT("cgroup.controllers", "cpu memory\n"),
    TEXT("cgroup.subtree_control", "\n"),
    TEXT("cgroup.type", "domain\n"),
    TEXT("cgroup.procs", "1\n"),
    TEXT("cpu.max", "max 100000\n"),
    SHOW("memory.max", show_memory_max),
    TEXT("memory.high", "max\n"),
    SHOW("memory.current", show_memory_current),
    TEXT("memory.swap.max", "0\n"),
    TEXT("memory.swap.current", "0\n"),
    {.name = NULL},
};

static const struct pseudo_node root = {.mode = 0555, .entries = entries};

int cgroup_mount(void)
{
    static struct super cgroup = {.type = "cgroup2",
                                  .source = "cgroup2",
                                  .options = ",nosuid,nodev,noexec,relatime",
                                  .data = (void *)CGROUP2_SUPER_MAGIC};

    return pseudo_mount(&cgroup, &root, "/sys/fs/cgroup");
}
