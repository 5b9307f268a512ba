/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of /proc about the whole instance: memory, time, mounts.
 */
#include "abi/layout.h"
#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/core/cpu.h"
#include "kernel/fs/proc/tables.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/shm.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/dentry.h"
#include "kernel/vfs/mount.h"

enum { PATH_BYTES = 4096 };

static void row(struct seq *s, const char *name, uint64_t bytes)
{
    seq_printf(s, "%-16s%8lu kB\n", name, bytes / 1024);
}

void proc_meminfo(struct seq *s, uint64_t arg)
{
    uint64_t total = platform.boot->mem_limit_bytes;
    uint64_t shm = shm_used_pages() * ABI_PAGE_SIZE;
    struct mm_usage u;
    uint64_t used, free;

    (void)arg;
    mm_usage(&u);
    used = u.committed_bytes + alloc_used_bytes();
    free = used < total ? total - used : 0;
    row(s, "MemTotal:", total);
    row(s, "MemFree:", free);
    row(s, "MemAvailable:", free);
    row(s, "Buffers:", 0);
    row(s, "Cached:", shm);
    row(s, "SwapCached:", 0);
    row(s, "Active:", u.committed_bytes);
    row(s, "Inactive:", 0);
    row(s, "SwapTotal:", 0);
    row(s, "SwapFree:", 0);
    row(s, "Dirty:", 0);
    row(s, "Writeback:", 0);
    row(s, "AnonPages:", u.committed_bytes);
    row(s, "Mapped:", 0);
    row(s, "Shmem:", shm);
    row(s, "Slab:", alloc_used_bytes());
    row(s, "CommitLimit:", total);
    row(s, "Committed_AS:", u.virtual_bytes);
    row(s, "VmallocTotal:", 0);
    row(s, "VmallocUsed:", 0);
    seq_puts(s, "HugePages_Total:       0\nHugePages_Free:        0\n"
                "HugePages_Rsvd:        0\nHugePages_Surp:        0\n");
    row(s, "Hugepagesize:", 2 << 20);
}

static uint64_t since_start(void)
{
    return clock_mono_ns() - process.start_mono_ns;
}

static uint64_t idle_ns(void)
{
    uint64_t all = since_start() * sched_nr_cpus(), busy = process_cpu_ns();

    return all > busy ? all - busy : 0;
}

static uint32_t nr_running(void)
{
    uint32_t nr = 0;

    list_for_each(pos, &process.threads)
    {
        struct thread *t = container_of(pos, struct thread, all);

        nr += t->state == THREAD_RUNNABLE;
    }
    return nr;
}

void proc_stat(struct seq *s, uint64_t arg)
{
    uint32_t nr_cpus = sched_nr_cpus();
    uint64_t busy = proc_ticks(process_cpu_ns()), idle = proc_ticks(idle_ns());
    int64_t boot_ns = clock_real_ns() - (int64_t)since_start();

    (void)arg;
    seq_printf(s, "cpu  %lu 0 0 %lu 0 0 0 0 0 0\n", busy, idle);
    for (uint32_t i = 0; i < nr_cpus; i++)
        seq_printf(s, "cpu%u %lu 0 0 %lu 0 0 0 0 0 0\n", i, busy / nr_cpus,
                   idle / nr_cpus);
    seq_printf(s, "intr 0\nctxt 0\nbtime %ld\nprocesses %u\n",
               boot_ns / (int64_t)NSEC_PER_SEC, process.nr_threads);
    seq_printf(s, "procs_running %u\nprocs_blocked 0\n", nr_running());
    seq_puts(s, "softirq 0 0 0 0 0 0 0 0 0 0 0\n");
}

static void put_hundredths(struct seq *s, uint64_t ns)
{
    seq_printf(s, "%lu.%02lu", ns / NSEC_PER_SEC,
               ns % NSEC_PER_SEC / (NSEC_PER_SEC / 100));
}

void proc_uptime(struct seq *s, uint64_t arg)
{
    (void)arg;
    put_hundredths(s, since_start());
    seq_puts(s, " ");
    put_hundredths(s, idle_ns());
    seq_puts(s, "\n");
}

/* No averages are kept: the load of this moment stands for all three. */
void proc_loadavg(struct seq *s, uint64_t arg)
{
    uint32_t running = nr_running();

    (void)arg;
    seq_printf(s, "%u.00 %u.00 %u.00 %u/%u %d\n", running, running, running,
               running, process.nr_threads, PROC_PID);
}

void proc_vmstat(struct seq *s, uint64_t arg)
{
    uint64_t total = platform.boot->mem_limit_bytes;
    struct mm_usage u;

    (void)arg;
    mm_usage(&u);
    seq_printf(s,
               "nr_free_pages %lu\npgpgin 0\npgpgout 0\npswpin 0\n"
               "pswpout 0\npgfault 0\npgmajfault 0\n",
               (total > u.committed_bytes ? total - u.committed_bytes : 0) /
                   ABI_PAGE_SIZE);
}

/* Where it is mounted, as the process sees it; false: outside its root. */
static bool place(const struct super *super, char *buf)
{
    struct dentry *d = super->root;

    return dentry_path(d, buf, PATH_BYTES) > 0;
}

static void for_each_mount(struct seq *s,
                           void (*fn)(struct seq *s, const struct super *super,
                                      const char *where))
{
    char *buf = kmalloc(PATH_BYTES);

    if (!buf) {
        s->failed = true;
        return;
    }
    list_for_each(pos, mount_list())
    {
        const struct super *super = container_of(pos, struct super, node);

        if (place(super, buf))
            fn(s, super, buf);
    }
    kfree(buf);
}

static void put_options(struct seq *s, const struct super *super)
{
    seq_puts(s, super->flags & SUPER_RDONLY ? "ro" : "rw");
    if (super->options)
        seq_puts(s, super->options);
}

static void put_mount(struct seq *s, const struct super *super,
                      const char *where)
{
    seq_escape(s, super->source);
    seq_puts(s, " ");
    seq_escape(s, where);
    seq_printf(s, " %s ", super->type);
    put_options(s, super);
    seq_puts(s, " 0 0\n");
}

void proc_mounts(struct seq *s, uint64_t arg)
{
    (void)arg;
    for_each_mount(s, put_mount);
}

static void put_mountinfo(struct seq *s, const struct super *super,
                          const char *where)
{
    uint32_t parent = super->covered ? super->covered->super->mount_id : 1;

    seq_printf(s, "%u %u 0:%u / ", super->mount_id, parent,
               (unsigned)super->dev);
    seq_escape(s, where);
    seq_puts(s, " ");
    put_options(s, super);
    seq_printf(s, " - %s ", super->type);
    seq_escape(s, super->source);
    seq_printf(s, " %s\n", super->flags & SUPER_RDONLY ? "ro" : "rw");
}

void proc_mountinfo(struct seq *s, uint64_t arg)
{
    (void)arg;
    for_each_mount(s, put_mountinfo);
}
