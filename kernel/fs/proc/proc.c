/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands in /proc: one table.
 */
#include "kernel/fs/proc/proc.h"

#include <linux/errno.h>

#include "kernel/sched/thread.h"
#include "kernel/vfs/dentry.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/vfs.h"
#include "lib/fmt.h"
#include "lib/string.h"

static int put_link(char *buf, size_t size, const char *text)
{
    size_t len = strlen(text);

    len = len < size ? len : size;
    memcpy(buf, text, len);
    return (int)len;
}

static int exe_link(char *buf, size_t size, uint64_t arg)
{
    (void)arg;
    return put_link(buf, size, process.exe);
}

static int thread_self_link(char *buf, size_t size, uint64_t arg)
{
    char text[32];

    (void)arg;
    snprintf(text, sizeof(text), "1/task/%d", current_thread()->tid);
    return put_link(buf, size, text);
}

static int64_t next_fd(int64_t from)
{
    return fd_next((int)from);
}

static int64_t next_tid(int64_t from)
{
    int64_t best = -1;

    list_for_each(node, &process.threads)
    {
        int32_t tid = container_of(node, struct thread, all)->tid;

        if (tid >= from && (best < 0 || tid < best))
            best = tid;
    }
    return best;
}

/* What Linux shows for objects without a name: "pipe:[7]",
 * "anon_inode:[eventpoll]"; the console has a name that can be opened. */
static void nameless(const struct file *f, uint64_t fd, char *buf, size_t size)
{
    const char *name = f->ops->name;

    if (name[0] == '[')
        snprintf(buf, size, "anon_inode:%s", name);
    else if (strcmp(name, "console") == 0)
        strlcpy(buf, "/dev/console", size);
    else
        snprintf(buf, size, "%s:[%lu]", name, f->inode ? f->inode->ino : fd);
}

static int fd_link(char *buf, size_t size, uint64_t fd)
{
    struct file *f = fd_file((int)fd);
    char text[512];

    if (!f)
        return -ENOENT;
    if (file_path(f, text, sizeof(text)) < 0)
        nameless(f, fd, text, sizeof(text));
    return put_link(buf, size, text);
}

static int fd_follow(struct dentry **out, uint64_t fd)
{
    struct file *f = fd_file((int)fd);

    if (!f)
        return -ENOENT;
    *out = f->dentry;
    if (f->dentry)
        dentry_get(f->dentry);
    return 0;
}

static void fd_info(struct text *t, uint64_t fd)
{
    struct file *f = fd_file((int)fd);

    if (f)
        text_printf(t, "pos:\t%lu\nflags:\t0%o\nmnt_id:\t1\nino:\t%lu\n",
                    f->off, f->flags, f->inode ? f->inode->ino : 0);
}

static const struct pseudo_entry fd_children[] = {
    {.path = "", .readlink = fd_link, .follow = fd_follow},
};
static const struct pseudo_entry fdinfo_children[] = {
    {.path = "", .show = fd_info},
};
static const struct pseudo_entry task_children[] = {
    {.path = "comm", .show = proc_self_comm, .store = proc_self_comm_set},
    {.path = "stat", .show = proc_self_stat},
    {.path = "status", .show = proc_self_status},
    {.path = "maps", .show = proc_self_maps},
    {.path = "statm", .show = proc_self_statm},
};

static int accept(const char *text, uint64_t arg)
{
    (void)text, (void)arg;
    return 0;
}

#define NET(name)                                                              \
    {                                                                          \
        .path = "1/net/" name, .show = proc_net, .arg = (uintptr_t)name        \
    }

static const struct pseudo_entry entries[] = {
    {.path = "self", .link = "1"},
    {.path = "thread-self", .readlink = thread_self_link},
    {.path = "mounts", .link = "self/mounts"},
    {.path = "net", .link = "self/net"},
    {.path = "1/exe", .readlink = exe_link},
    {.path = "1/cwd", .link = "."},
    {.path = "1/root", .link = "/"},
    {.path = "1/maps", .show = proc_self_maps},
    {.path = "1/smaps", .show = proc_self_smaps},
    {.path = "1/stat", .show = proc_self_stat},
    {.path = "1/statm", .show = proc_self_statm},
    {.path = "1/status", .show = proc_self_status},
    {.path = "1/cmdline", .show = proc_self_cmdline},
    {.path = "1/environ", .show = proc_self_environ},
    {.path = "1/auxv", .show = proc_self_auxv},
    {.path = "1/limits", .show = proc_self_limits},
    {.path = "1/mounts", .show = proc_self_mounts},
    {.path = "1/mountinfo", .show = proc_self_mountinfo},
    {.path = "1/comm", .show = proc_self_comm, .store = proc_self_comm_set},
    {.path = "1/cgroup", .value = "0::/"},
    {.path = "1/cpuset", .value = "/"},
    {.path = "1/oom_score", .value = "0"},
    {.path = "1/oom_score_adj", .value = "0", .store = accept},
    {.path = "1/coredump_filter", .value = "00000033", .store = accept},
    {.path = "1/loginuid", .value = "4294967295"},
    {.path = "1/sessionid", .value = "4294967295"},
    {.path = "1/fd",
     .next = next_fd,
     .children = fd_children,
     .nr_children = ARRAY_LEN(fd_children)},
    {.path = "1/fdinfo",
     .next = next_fd,
     .children = fdinfo_children,
     .nr_children = ARRAY_LEN(fdinfo_children)},
    {.path = "1/task",
     .next = next_tid,
     .children = task_children,
     .nr_children = ARRAY_LEN(task_children)},
    NET("tcp"),
    NET("tcp6"),
    NET("udp"),
    NET("udp6"),
    NET("dev"),
    NET("route"),
    NET("if_inet6"),
    {.path = "meminfo", .show = proc_meminfo},
    {.path = "cpuinfo", .show = proc_cpuinfo},
    {.path = "stat", .show = proc_stat},
    {.path = "loadavg", .show = proc_loadavg},
    {.path = "uptime", .show = proc_uptime},
    {.path = "version",
     .value = "Linux version 6.1.0-einkorn (einkorn) #1 SMP"},
    {.path = "filesystems",
     .value = "nodev\ttmpfs\nnodev\tproc\nnodev\tsysfs\nnodev\toverlay\n"
              "nodev\t9p\n\terofs"},
    {.path = "cgroups",
     .value = "#subsys_name\thierarchy\tnum_cgroups\tenabled"},
    {.path = "devices", .value = "Character devices:\n  1 mem\n  5 /dev/tty"},
    {.path = "sys/kernel/ostype", .value = "Linux"},
    {.path = "sys/kernel/osrelease", .value = "6.1.0-einkorn"},
    {.path = "sys/kernel/version", .value = "#1 SMP PREEMPT_DYNAMIC Einkorn"},
    {.path = "sys/kernel/hostname", .show = proc_hostname},
    {.path = "sys/kernel/pid_max", .value = "4194304"},
    {.path = "sys/kernel/threads-max", .value = "127000"},
    {.path = "sys/kernel/cap_last_cap", .value = "40"},
    {.path = "sys/kernel/ngroups_max", .value = "65536"},
    {.path = "sys/kernel/randomize_va_space", .value = "2"},
    {.path = "sys/kernel/random/uuid", .show = proc_uuid},
    {.path = "sys/kernel/random/boot_id", .show = proc_boot_id},
    {.path = "sys/kernel/random/entropy_avail", .value = "256"},
    {.path = "sys/kernel/random/poolsize", .value = "256"},
    {.path = "sys/kernel/shmmax", .value = "18446744073692774399"},
    {.path = "sys/kernel/shmall", .value = "18446744073692774399"},
    {.path = "sys/kernel/shmmni", .value = "4096"},
    {.path = "sys/kernel/core_pattern", .value = "core"},
    {.path = "sys/vm/overcommit_memory", .value = "0"},
    {.path = "sys/vm/overcommit_ratio", .value = "50"},
    {.path = "sys/vm/max_map_count", .value = "65530"},
    {.path = "sys/vm/mmap_min_addr", .value = "65536"},
    {.path = "sys/vm/swappiness", .value = "60"},
    {.path = "sys/net/core/somaxconn", .value = "4096"},
    {.path = "sys/net/core/rmem_max", .value = "4194304"},
    {.path = "sys/net/core/wmem_max", .value = "4194304"},
    {.path = "sys/net/core/rmem_default", .value = "212992"},
    {.path = "sys/net/core/wmem_default", .value = "212992"},
    {.path = "sys/net/ipv4/ip_local_port_range", .value = "32768\t60999"},
    {.path = "sys/net/ipv4/tcp_max_syn_backlog", .value = "4096"},
    {.path = "sys/net/ipv4/tcp_fin_timeout", .value = "60"},
    {.path = "sys/net/ipv4/tcp_keepalive_time", .value = "7200"},
    {.path = "sys/net/ipv4/ip_forward", .value = "0"},
    {.path = "sys/net/ipv6/conf/all/disable_ipv6", .value = "0"},
    {.path = "sys/net/ipv6/bindv6only", .value = "0"},
    {.path = "sys/fs/file-max", .value = "9223372036854775807"},
    {.path = "sys/fs/nr_open", .value = "1048576"},
    {.path = "sys/fs/pipe-max-size", .value = "1048576"},
};

int proc_mount(void)
{
    static struct super super = {
        .type = "proc",
        .source = "proc",
        .options = ",nosuid,nodev,noexec,relatime",
    };

    return pseudo_mount(&super, "/proc", entries, ARRAY_LEN(entries));
}
