/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/PID/stat, statm, status, limits.
 */
#include <asm-generic/resource.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/fs/proc/tables.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/cred.h"
#include "kernel/vfs/file.h"

enum { PAGE_BYTES = 4096 };

uint64_t proc_ticks(uint64_t ns)
{
    return ns / (NSEC_PER_SEC / CLOCK_TICKS);
}

static struct thread *thread_of(uint64_t arg)
{
    struct thread *t = thread_find((int32_t)arg);

    return t ? t : current_thread();
}

static char state_of(const struct thread *t)
{
    if (t == current_thread() || t->state == THREAD_RUNNABLE)
        return 'R';
    return t->state == THREAD_SLEEPING ? 'S' : 'Z';
}

static void put_stat(struct seq *s, struct thread *t, uint64_t cpu_ns)
{
    sigset64_t pending, ignored, caught;
    struct mm_usage u;

    mm_usage(&u);
    signal_sets(&pending, &ignored, &caught);
    seq_printf(s, "%d (%s) %c 0 1 1 0 -1 4194560 0 0 0 0 %lu 0 0 0 ", t->tid,
               t->comm, state_of(t), proc_ticks(cpu_ns));
    seq_printf(s, "%d %d %u 0 %lu %lu %lu %lu ", 20 + t->nice, t->nice,
               process.nr_threads,
               proc_ticks(t->started_ns - process.start_mono_ns),
               u.virtual_bytes, u.committed_bytes / PAGE_BYTES,
               process.limits[RLIMIT_RSS].soft);
    seq_printf(s, "1 1 %lu 0 0 %lu %lu %lu %lu 0 0 0 17 0 %d %d 0 0 0 ",
               process.stack_top, t->pending & UINT32_MAX,
               t->blocked & UINT32_MAX, ignored & UINT32_MAX,
               caught & UINT32_MAX, t->rt_priority, t->policy);
    seq_printf(s, "0 0 0 %lu %lu %lu %lu 0\n", process.arg_start,
               process.arg_end, process.env_start, process.env_end);
}

void proc_stat_thread(struct seq *s, uint64_t arg)
{
    struct thread *t = thread_of(arg);

    put_stat(s, t, thread_cpu_ns(t));
}

void proc_stat_process(struct seq *s, uint64_t arg)
{
    put_stat(s, thread_of(arg), process_cpu_ns());
}

void proc_statm(struct seq *s, uint64_t arg)
{
    struct mm_usage u;

    (void)arg;
    mm_usage(&u);
    seq_printf(s, "%lu %lu 0 0 0 %lu 0\n", u.virtual_bytes / PAGE_BYTES,
               u.committed_bytes / PAGE_BYTES,
               (u.data_bytes + u.stack_bytes) / PAGE_BYTES);
}

static void put_ids(struct seq *s)
{
    const uint32_t *groups;
    uint32_t nr = cred_groups(&groups);

    seq_printf(s, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", process.uid,
               process.euid, process.suid, process.euid, process.gid,
               process.egid, process.sgid, process.egid);
    seq_printf(s, "FDSize:\t%d\nGroups:\t", fd_table_size());
    for (uint32_t i = 0; i < nr; i++)
        seq_printf(s, "%u ", groups[i]);
    seq_puts(s, "\n");
}

static void put_memory(struct seq *s)
{
    struct mm_usage u;

    mm_usage(&u);
    seq_printf(s, "VmPeak:\t%8lu kB\nVmSize:\t%8lu kB\nVmLck:\t       0 kB\n",
               u.virtual_bytes / 1024, u.virtual_bytes / 1024);
    seq_printf(s, "VmPin:\t       0 kB\nVmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\n",
               u.committed_bytes / 1024, u.committed_bytes / 1024);
    seq_printf(s, "RssAnon:\t%8lu kB\nRssFile:\t       0 kB\n",
               u.committed_bytes / 1024);
    seq_printf(s, "RssShmem:\t       0 kB\nVmData:\t%8lu kB\n",
               u.data_bytes / 1024);
    seq_printf(s, "VmStk:\t%8lu kB\nVmSwap:\t       0 kB\n",
               u.stack_bytes / 1024);
}

static void put_signals(struct seq *s, const struct thread *t)
{
    sigset64_t pending, ignored, caught;

    signal_sets(&pending, &ignored, &caught);
    seq_printf(s, "SigQ:\t0/%lu\nSigPnd:\t%016lx\nShdPnd:\t%016lx\n",
               process.limits[RLIMIT_SIGPENDING].soft, t->pending, pending);
    seq_printf(s, "SigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n",
               t->blocked, ignored, caught);
}

/* Without ranges: there are few. */
static void put_cpus(struct seq *s, const struct thread *t)
{
    uint64_t mask = t->affinity & ((UINT64_C(1) << sched_nr_cpus()) - 1);
    const char *comma = "";

    seq_printf(s, "Cpus_allowed:\t%lx\nCpus_allowed_list:\t", mask);
    for (; mask; mask &= mask - 1, comma = ",")
        seq_printf(s, "%s%d", comma, __builtin_ctzll(mask));
    seq_puts(s, "\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
}

void proc_status(struct seq *s, uint64_t arg)
{
    struct thread *t = thread_of(arg);
    char state = state_of(t);

    seq_printf(s, "Name:\t%s\nUmask:\t%04o\nState:\t%c (%s)\n", t->comm,
               process.umask, state, state == 'R' ? "running" : "sleeping");
    seq_printf(s, "Tgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t0\nTracerPid:\t0\n",
               PROC_PID, t->tid);
    put_ids(s);
    seq_printf(s, "NStgid:\t%d\nNSpid:\t%d\nNSpgid:\t1\nNSsid:\t1\n", PROC_PID,
               t->tid);
    put_memory(s);
    seq_printf(s, "CoreDumping:\t0\nTHP_enabled:\t0\nThreads:\t%u\n",
               process.nr_threads);
    put_signals(s, t);
    seq_printf(s, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\n",
               process.cap_inheritable, process.cap_permitted,
               process.cap_effective);
    seq_printf(s, "CapBnd:\t%016lx\nCapAmb:\t%016lx\nNoNewPrivs:\t%d\n",
               process.cap_bounding, UINT64_C(0), process.no_new_privs);
    seq_puts(s, "Seccomp:\t0\nSeccomp_filters:\t0\n");
    put_cpus(s, t);
    seq_printf(s,
               "voluntary_ctxt_switches:\t%lu\n"
               "nonvoluntary_ctxt_switches:\t%lu\n",
               t->nr_slept, t->nr_passed);
}

static void put_limit(struct seq *s, uint64_t value)
{
    if (value == UINT64_MAX)
        seq_printf(s, "%-20s ", "unlimited");
    else
        seq_printf(s, "%-20lu ", value);
}

void proc_limits(struct seq *s, uint64_t arg)
{
    static const struct {
        const char *name, *unit;
    } rows[] = {
        [RLIMIT_CPU] = {"Max cpu time", "seconds"},
        [RLIMIT_FSIZE] = {"Max file size", "bytes"},
        [RLIMIT_DATA] = {"Max data size", "bytes"},
        [RLIMIT_STACK] = {"Max stack size", "bytes"},
        [RLIMIT_CORE] = {"Max core file size", "bytes"},
        [RLIMIT_RSS] = {"Max resident set", "bytes"},
        [RLIMIT_NPROC] = {"Max processes", "processes"},
        [RLIMIT_NOFILE] = {"Max open files", "files"},
        [RLIMIT_MEMLOCK] = {"Max locked memory", "bytes"},
        [RLIMIT_AS] = {"Max address space", "bytes"},
        [RLIMIT_LOCKS] = {"Max file locks", "locks"},
        [RLIMIT_SIGPENDING] = {"Max pending signals", "signals"},
        [RLIMIT_MSGQUEUE] = {"Max msgqueue size", "bytes"},
        [RLIMIT_NICE] = {"Max nice priority", ""},
        [RLIMIT_RTPRIO] = {"Max realtime priority", ""},
        [RLIMIT_RTTIME] = {"Max realtime timeout", "us"},
    };

    (void)arg;
    seq_printf(s, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit",
               "Hard Limit", "Units");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        seq_printf(s, "%-25s ", rows[i].name);
        put_limit(s, process.limits[i].soft);
        put_limit(s, process.limits[i].hard);
        seq_printf(s, "%-10s\n", rows[i].unit);
    }
}
