/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree of /proc, and the small files of a process.
 */
#include "kernel/fs/proc/proc.h"

#include <linux/errno.h>
#include <linux/magic.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/core/uaccess.h"
#include "kernel/core/version.h"
#include "kernel/fs/proc/tables.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/namei.h"
#include "lib/fmt.h"
#include "lib/string.h"

enum { AREA_MAX_BYTES = 1 << 20 };

static int put_text(char *buf, size_t size, const char *text)
{
    size_t len = strnlen(text, size);

    memcpy(buf, text, len);
    return (int)len;
}

/* Program memory as a file: what the stack held at the start. */
static void put_area(struct seq *s, uint64_t start, uint64_t end)
{
    uint64_t len = end - start;
    char *buf;

    if (end <= start || len > AREA_MAX_BYTES)
        return;
    buf = kmalloc(len);
    if (!buf)
        s->failed = true;
    else if (copy_from_user(buf, start, len) == 0)
        seq_write(s, buf, len);
    kfree(buf);
}

static void cmdline(struct seq *s, uint64_t arg)
{
    (void)arg;
    put_area(s, process.arg_start, process.arg_end);
}

static void environ(struct seq *s, uint64_t arg)
{
    (void)arg;
    put_area(s, process.env_start, process.env_end);
}

static void auxv(struct seq *s, uint64_t arg)
{
    (void)arg;
    put_area(s, process.auxv_start, process.auxv_start + process.auxv_len);
}

static void comm(struct seq *s, uint64_t arg)
{
    struct thread *t = thread_find((int32_t)arg);

    if (t)
        seq_printf(s, "%s\n", t->comm);
}

static int comm_store(uint64_t arg, const char *text, size_t len)
{
    struct thread *t = thread_find((int32_t)arg);

    if (!t)
        return -ESRCH;
    if (len && text[len - 1] == '\n')
        len--;
    len = len < sizeof(t->comm) ? len : sizeof(t->comm) - 1;
    memset(t->comm, 0, sizeof(t->comm));
    memcpy(t->comm, text, len);
    return 0;
}

static int exe_link(uint64_t arg, char *buf, size_t size)
{
    (void)arg;
    return process.exe[0] ? put_text(buf, size, process.exe) : -ENOENT;
}

static int cwd_follow(uint64_t arg, struct dentry **out)
{
    (void)arg;
    *out = vfs_cwd();
    dentry_get(*out);
    return 0;
}

static int root_follow(uint64_t arg, struct dentry **out)
{
    (void)arg;
    *out = vfs_root();
    dentry_get(*out);
    return 0;
}

static int link_to_dentry(struct dentry *d, char *buf, size_t size)
{
    char *path = kmalloc(4096);
    int len = path ? dentry_path(d, path, 4096) : -ENOMEM;

    if (len >= 0)
        len = put_text(buf, size, path);
    kfree(path);
    return len;
}

static int cwd_link(uint64_t arg, char *buf, size_t size)
{
    (void)arg;
    return link_to_dentry(vfs_cwd(), buf, size);
}

static int root_link(uint64_t arg, char *buf, size_t size)
{
    (void)arg;
    return link_to_dentry(vfs_root(), buf, size);
}

static void show_text(struct seq *s, uint64_t arg)
{
    seq_puts(s, (const char *)(uintptr_t)arg);
}

static int64_t oom_score_adj, coredump_filter = 0x33;

static void show_oom(struct seq *s, uint64_t arg)
{
    (void)arg;
    seq_printf(s, "%ld\n", oom_score_adj);
}

static int store_oom(uint64_t arg, const char *text, size_t len)
{
    int64_t value;

    (void)arg, (void)len;
    if (pseudo_number(text, &value) || value < -1000 || value > 1000)
        return -EINVAL;
    oom_score_adj = value;
    return 0;
}

static void show_coredump(struct seq *s, uint64_t arg)
{
    (void)arg;
    seq_printf(s, "%08lx\n", (uint64_t)coredump_filter);
}

static int store_coredump(uint64_t arg, const char *text, size_t len)
{
    (void)arg, (void)len;
    return pseudo_number(text, &coredump_filter);
}

/* Threads in ascending order. */
static bool task_next(uint64_t arg, uint64_t *nr)
{
    uint64_t best = UINT64_MAX;

    (void)arg;
    list_for_each(pos, &process.threads)
    {
        struct thread *t = container_of(pos, struct thread, all);

        if ((uint64_t)t->tid >= *nr && (uint64_t)t->tid < best)
            best = (uint64_t)t->tid;
    }
    *nr = best;
    return best != UINT64_MAX;
}

static bool pid_next(uint64_t arg, uint64_t *nr)
{
    (void)arg;
    if (*nr > PROC_PID)
        return false;
    *nr = PROC_PID;
    return true;
}

/* A thread's directory is there without being listed. */
static bool pid_exists(uint64_t arg, uint64_t nr)
{
    (void)arg;
    return nr <= INT32_MAX && thread_find((int32_t)nr);
}

static int self_link(uint64_t arg, char *buf, size_t size)
{
    (void)arg;
    return put_text(buf, size, "1");
}

static int thread_self_link(uint64_t arg, char *buf, size_t size)
{
    char text[32];

    (void)arg;
    snprintf(text, sizeof(text), "1/task/%d", current_thread()->tid);
    return put_text(buf, size, text);
}

static int mounts_link(uint64_t arg, char *buf, size_t size)
{
    (void)arg;
    return put_text(buf, size, "self/mounts");
}

static int net_link(uint64_t arg, char *buf, size_t size)
{
    (void)arg;
    return put_text(buf, size, "self/net");
}

#define TEXT(n, t)                                                             \
    {                                                                          \
        .name = (n), .mode = 0444, .show = show_text, .arg = (uintptr_t)(t)    \
    }
#define SHOW(n, m, fn)                                                         \
    {                                                                          \
        .name = (n), .mode = (m), .show = (fn)                                 \
    }
/* clang-format off */
/* Files that a process and each of its threads have. */
#define COMMON_ENTRIES                                                         \
    SHOW("auxv", 0400, auxv),                                                  \
    TEXT("cgroup", "0::/\n"),                                                  \
    SHOW("cmdline", 0444, cmdline),                                            \
    {.name = "comm", .mode = 0644, .show = comm, .store = comm_store},         \
    TEXT("cpuset", "/\n"),                                                     \
    {.name = "cwd", .mode = 0777, .readlink = cwd_link,                        \
     .follow = cwd_follow},                                                    \
    SHOW("environ", 0400, environ),                                            \
    {.name = "exe", .mode = 0777, .readlink = exe_link},                       \
    {.name = "fd", .mode = 0500, .each = &proc_fd_each,                        \
     .next = proc_fd_next},                                                    \
    {.name = "fdinfo", .mode = 0555, .each = &proc_fdinfo_each,                \
     .next = proc_fd_next},                                                    \
    TEXT("gid_map", "         0          0 4294967295\n"),                     \
    SHOW("limits", 0444, proc_limits),                                         \
    TEXT("loginuid", "4294967295"),                                            \
    SHOW("maps", 0444, proc_maps),                                             \
    SHOW("mountinfo", 0444, proc_mountinfo),                                   \
    SHOW("mounts", 0444, proc_mounts),                                         \
    {.name = "net", .mode = 0555, .entries = proc_net_entries},                \
    TEXT("oom_score", "0\n"),                                                  \
    {.name = "oom_score_adj", .mode = 0644, .show = show_oom,                  \
     .store = store_oom},                                                      \
    TEXT("personality", "00000000\n"),                                         \
    {.name = "root", .mode = 0777, .readlink = root_link,                      \
     .follow = root_follow},                                                   \
    TEXT("sessionid", "4294967295"),                                           \
    TEXT("setgroups", "allow\n"),                                              \
    SHOW("smaps", 0444, proc_smaps),                                           \
    SHOW("statm", 0444, proc_statm),                                           \
    SHOW("status", 0444, proc_status),                                         \
    TEXT("uid_map", "         0          0 4294967295\n"),                     \
    TEXT("wchan", "0")

static const struct pseudo_node task_entries[] = {
    COMMON_ENTRIES,
    SHOW("stat", 0444, proc_stat_thread),
    {.name = NULL},
};
static const struct pseudo_node task_each = {
    .mode = 0555, .entries = task_entries};

static const struct pseudo_node pid_entries[] = {
    COMMON_ENTRIES,
    {.name = "coredump_filter", .mode = 0644, .show = show_coredump,
     .store = store_coredump},
    SHOW("stat", 0444, proc_stat_process),
    {.name = "task", .mode = 0555, .each = &task_each, .next = task_next},
    {.name = NULL},
};
const struct pseudo_node proc_pid_node = {.mode = 0555, .entries = pid_entries};

static const char filesystems[] =
    "nodev\ttmpfs\nnodev\toverlay\nnodev\tproc\nnodev\tsysfs\n"
    "nodev\tcgroup2\nnodev\t9p\n\terofs\n";
static const char version[] = "Linux version " KERNEL_RELEASE " " KERNEL_VERSION
                              "\n";

static const struct pseudo_node root_entries[] = {
    TEXT("cgroups", "#subsys_name\thierarchy\tnum_cgroups\tenabled\n"
                    "cpu\t0\t1\t1\nmemory\t0\t1\t1\n"),
    SHOW("cmdline", 0444, cmdline),
    SHOW("cpuinfo", 0444, proc_cpuinfo),
    TEXT("devices", "Character devices:\n  1 mem\n  5 /dev/tty\n\n"
                    "Block devices:\n"),
    TEXT("diskstats", ""),
    TEXT("filesystems", filesystems),
    SHOW("loadavg", 0444, proc_loadavg),
    SHOW("meminfo", 0444, proc_meminfo),
    TEXT("modules", ""),
    {.name = "mounts", .mode = 0777, .readlink = mounts_link},
    {.name = "net", .mode = 0777, .readlink = net_link},
    TEXT("partitions", "major minor  #blocks  name\n\n"),
    {.name = "self", .mode = 0777, .readlink = self_link},
    SHOW("stat", 0444, proc_stat),
    TEXT("swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"),
    {.name = "sys", .mode = 0555, .entries = proc_sys_entries},
    {.name = "thread-self", .mode = 0777, .readlink = thread_self_link},
    SHOW("uptime", 0444, proc_uptime),
    TEXT("version", version),
    SHOW("vmstat", 0444, proc_vmstat),
    {.name = NULL},
};

static const struct pseudo_node root_node = {
    .mode = 0555, .entries = root_entries, .each = &proc_pid_node,
    .next = pid_next, .exists = pid_exists};
/* clang-format on */

int proc_mount(void)
{
    static struct super proc = {.type = "proc",
                                .source = "proc",
                                .options = ",nosuid,nodev,noexec,relatime",
                                .data = (void *)PROC_SUPER_MAGIC};

    return pseudo_mount(&proc, &root_node, "/proc");
}
