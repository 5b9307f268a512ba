/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of /proc about the process and its threads.
 */
#include <linux/errno.h>
#include <linux/mman.h>

#include "kernel/core/alloc.h"
#include "kernel/core/uaccess.h"
#include "kernel/fs/proc/proc.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/dentry.h"
#include "kernel/vfs/mount.h"
#include "lib/string.h"

enum { KIB = 1024, USER_HZ = 100, COPY_MAX = 1 << 20, NR_LIMITS = 16 };

static struct thread *thread_of(uint64_t tid)
{
    struct thread *t = thread_find((int32_t)tid);

    return t ? t : current_thread();
}

static void map_line(struct text *t, const struct mm_info *m)
{
    size_t start = t->len_bytes;

    text_printf(
        t, "%08lx-%08lx %c%c%c%c %08lx %s %lu ", m->start, m->end,
        m->prot & PROT_READ ? 'r' : '-', m->prot & PROT_WRITE ? 'w' : '-',
        m->prot & PROT_EXEC ? 'x' : '-', m->flags & MAP_SHARED ? 's' : 'p',
        m->off, m->ino ? "00:01" : "00:00", m->ino);
    if (m->name[0])
        text_printf(t, "%*s%s", (int)(73 - (t->len_bytes - start)), "",
                    m->name);
    text_printf(t, "\n");
}

void proc_self_maps(struct text *t, uint64_t arg)
{
    struct mm_info m;

    (void)arg;
    for (uint64_t addr = 0; mm_next(addr, &m); addr = m.end)
        map_line(t, &m);
}

void proc_self_smaps(struct text *t, uint64_t arg)
{
    struct mm_info m;

    (void)arg;
    for (uint64_t addr = 0; mm_next(addr, &m); addr = m.end) {
        uint64_t kib = (m.end - m.start) / KIB;
        uint64_t dirty = m.ino || !(m.prot & PROT_WRITE) ? 0 : kib;

        map_line(t, &m);
        text_printf(t,
                    "Size:           %8lu kB\nKernelPageSize: %8u kB\n"
                    "MMUPageSize:    %8u kB\nRss:            %8lu kB\n",
                    kib, 4, 4, dirty);
        text_printf(t,
                    "Pss:            %8lu kB\nShared_Clean:   %8u kB\n"
                    "Shared_Dirty:   %8u kB\nPrivate_Clean:  %8u kB\n",
                    dirty, 0, 0, 0);
        text_printf(t,
                    "Private_Dirty:  %8lu kB\nReferenced:     %8lu kB\n"
                    "Anonymous:      %8lu kB\nAnonHugePages:  %8u kB\n",
                    dirty, dirty, dirty, 0);
        text_printf(t, "Swap:           %8u kB\nLocked:         %8u kB\n", 0,
                    0);
    }
}

void proc_self_stat(struct text *t, uint64_t tid)
{
    struct thread *th = thread_of(tid);
    struct mm_usage use;
    uint64_t ticks = th->cpu_ns / (NSEC_PER_SEC / USER_HZ);
    uint64_t start = (th->started_ns) / (NSEC_PER_SEC / USER_HZ);

    mm_usage(&use);
    text_printf(t, "%d (%s) %c 0 1 1 0 -1 4194560 0 0 0 0 %lu 0 0 0 20 0 %u 0 ",
                tid ? th->tid : 1, th->comm,
                th->state == THREAD_SLEEPING ? 'S' : 'R', ticks,
                process.nr_threads);
    text_printf(t, "%lu %lu %lu 18446744073709551615 0 0 %lu 0 0 0 0 0 0 ",
                start, use.virtual_bytes, use.committed_bytes / ABI_PAGE_SIZE,
                process.stack_top);
    text_printf(t, "0 0 0 17 0 0 0 0 0 0 0 0 0 %lu %lu %lu %lu 0\n",
                process.arg_start, process.arg_end, process.env_start,
                process.env_end);
}

void proc_self_statm(struct text *t, uint64_t arg)
{
    struct mm_usage use;

    (void)arg;
    mm_usage(&use);
    text_printf(t, "%lu %lu 0 0 0 %lu 0\n", use.virtual_bytes / ABI_PAGE_SIZE,
                use.committed_bytes / ABI_PAGE_SIZE,
                use.data_bytes / ABI_PAGE_SIZE);
}

static void status_memory(struct text *t)
{
    struct mm_usage use;

    mm_usage(&use);
    text_printf(t, "VmPeak:\t%8lu kB\nVmSize:\t%8lu kB\nVmLck:\t%8u kB\n",
                use.virtual_bytes / KIB, use.virtual_bytes / KIB, 0);
    text_printf(t, "VmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\nVmData:\t%8lu kB\n",
                use.committed_bytes / KIB, use.committed_bytes / KIB,
                use.data_bytes / KIB);
    text_printf(t, "VmStk:\t%8lu kB\nVmSwap:\t%8u kB\n", use.stack_bytes / KIB,
                0);
}

static void status_signals(struct text *t, const struct thread *th)
{
    sigset64_t pending, ignored, caught;

    signal_sets(&pending, &ignored, &caught);
    text_printf(t, "SigQ:\t0/1024\nSigPnd:\t%016lx\nShdPnd:\t%016lx\n",
                th->pending, pending);
    text_printf(t, "SigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n",
                th->blocked, ignored, caught);
}

void proc_self_status(struct text *t, uint64_t tid)
{
    const struct thread *th = thread_of(tid);
    uint32_t nr = platform.boot->nr_vcpus;

    text_printf(t, "Name:\t%s\nUmask:\t%04o\nState:\t%s\nTgid:\t1\nNgid:\t0\n",
                th->comm, process.umask,
                th->state == THREAD_SLEEPING ? "S (sleeping)" : "R (running)");
    text_printf(t, "Pid:\t%d\nPPid:\t0\nTracerPid:\t0\n", tid ? th->tid : 1);
    text_printf(t, "Uid:\t%u\t%u\t%u\t%u\n", process.uid, process.euid,
                process.suid, process.euid);
    text_printf(t, "Gid:\t%u\t%u\t%u\t%u\nFDSize:\t64\nGroups:\t\n",
                process.gid, process.egid, process.sgid, process.egid);
    status_memory(t);
    text_printf(t, "Threads:\t%u\n", process.nr_threads);
    status_signals(t, th);
    text_printf(t, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\n",
                process.cap_inheritable, process.cap_permitted,
                process.cap_effective);
    text_printf(t, "CapBnd:\t%016lx\nCapAmb:\t%016x\nNoNewPrivs:\t%d\n",
                process.cap_bounding, 0, process.no_new_privs);
    text_printf(t, "Seccomp:\t0\nCpus_allowed:\t%x\nCpus_allowed_list:\t0",
                (1u << nr) - 1);
    text_printf(t, nr > 1 ? "-%u\n" : "\n", nr - 1);
    text_printf(t, "Mems_allowed:\t1\nMems_allowed_list:\t0\n"
                   "voluntary_ctxt_switches:\t0\n"
                   "nonvoluntary_ctxt_switches:\t0\n");
}

/* Program memory as it is: it may have been changed since the start. */
static void copy_memory(struct text *t, uint64_t start, uint64_t end)
{
    size_t len = end - start < COPY_MAX ? end - start : COPY_MAX;
    char *buf = kmalloc(len ? len : 1);

    if (buf && copy_from_user(buf, start, len) == 0)
        text_append(t, buf, len);
    kfree(buf);
}

void proc_self_cmdline(struct text *t, uint64_t arg)
{
    (void)arg;
    copy_memory(t, process.arg_start, process.arg_end);
}

void proc_self_environ(struct text *t, uint64_t arg)
{
    (void)arg;
    copy_memory(t, process.env_start, process.env_end);
}

void proc_self_auxv(struct text *t, uint64_t arg)
{
    (void)arg;
    copy_memory(t, process.auxv_start, process.auxv_start + process.auxv_len);
}

static void put_limit(struct text *t, uint64_t value)
{
    if (value == UINT64_MAX)
        text_printf(t, "%-20s ", "unlimited");
    else
        text_printf(t, "%-20lu ", value);
}

void proc_self_limits(struct text *t, uint64_t arg)
{
    static const struct {
        const char *name, *unit;
    } rows[NR_LIMITS] = {
        {"Max cpu time", "seconds"},     {"Max file size", "bytes"},
        {"Max data size", "bytes"},      {"Max stack size", "bytes"},
        {"Max core file size", "bytes"}, {"Max resident set", "bytes"},
        {"Max processes", "processes"},  {"Max open files", "files"},
        {"Max locked memory", "bytes"},  {"Max address space", "bytes"},
        {"Max file locks", "locks"},     {"Max pending signals", "signals"},
        {"Max msgqueue size", "bytes"},  {"Max nice priority", ""},
        {"Max realtime priority", ""},   {"Max realtime timeout", "us"},
    };

    (void)arg;
    text_printf(t, "%-26s%-21s%-21s%-10s\n", "Limit", "Soft Limit",
                "Hard Limit", "Units");
    for (int i = 0; i < NR_LIMITS; i++) {
        text_printf(t, "%-25s ", rows[i].name);
        put_limit(t, process.limits[i].soft);
        put_limit(t, process.limits[i].hard);
        text_printf(t, "%-10s\n", rows[i].unit);
    }
}

static int mount_point(const struct super *s, char *buf, size_t size)
{
    if (s->covered)
        return dentry_path(s->covered, buf, size);
    strlcpy(buf, "/", size);
    return 0;
}

static void each_mount(struct text *t,
                       void (*put)(struct text *t, const struct super *s,
                                   const char *path))
{
    list_for_each(node, mount_list())
    {
        const struct super *s = container_of(node, struct super, node);
        char path[256];

        if (mount_point(s, path, sizeof(path)) >= 0)
            put(t, s, path);
    }
}

static const char *access_of(const struct super *s)
{
    return s->flags & SUPER_RDONLY ? "ro" : "rw";
}

static void mounts_line(struct text *t, const struct super *s, const char *path)
{
    text_printf(t, "%s %s %s %s%s 0 0\n", s->source, path, s->type,
                access_of(s), s->options);
}

static void mountinfo_line(struct text *t, const struct super *s,
                           const char *path)
{
    text_printf(t, "%u %u %lu:%lu / %s %s%s - %s %s %s\n", s->mount_id,
                s->covered ? 1 : 0, s->dev >> 8, s->dev & 255, path,
                access_of(s), s->options, s->type, s->source, access_of(s));
}

void proc_self_mounts(struct text *t, uint64_t arg)
{
    (void)arg;
    each_mount(t, mounts_line);
}

void proc_self_mountinfo(struct text *t, uint64_t arg)
{
    (void)arg;
    each_mount(t, mountinfo_line);
}

void proc_self_comm(struct text *t, uint64_t tid)
{
    text_printf(t, "%s\n", thread_of(tid ? tid : 1)->comm);
}

int proc_self_comm_set(const char *text, uint64_t tid)
{
    char *comm = thread_of(tid ? tid : 1)->comm;
    size_t len;

    strlcpy(comm, text, THREAD_COMM_MAX);
    len = strlen(comm);
    if (len && comm[len - 1] == '\n')
        comm[len - 1] = 0;
    return 0;
}
