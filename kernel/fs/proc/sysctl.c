/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/sys: sysctl values that programs read. Those that describe how this
 * kernel works are read-only; a few are kept as written.
 */
#include <linux/errno.h>

#include "kernel/core/cpu.h"
#include "kernel/core/random.h"
#include "kernel/core/version.h"
#include "kernel/fs/proc/tables.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/file.h"
#include "lib/string.h"

static void show_text(struct seq *s, uint64_t arg)
{
    seq_printf(s, "%s\n", (const char *)(uintptr_t)arg);
}

static void show_number(struct seq *s, uint64_t arg)
{
    seq_printf(s, "%ld\n", *(const int64_t *)(uintptr_t)arg);
}

static int store_number(uint64_t arg, const char *text, size_t len)
{
    (void)len;
    if (process.euid != 0)
        return -EPERM;
    return pseudo_number(text, (int64_t *)(uintptr_t)arg);
}

static int store_name(uint64_t arg, const char *text, size_t len)
{
    while (len && text[len - 1] == '\n')
        len--;
    if (process.euid != 0)
        return -EPERM;
    if (len > 64)
        return -EINVAL;
    memset((char *)(uintptr_t)arg, 0, 65);
    memcpy((char *)(uintptr_t)arg, text, len);
    return 0;
}

static void put_uuid(struct seq *s, uint8_t id[16])
{
    id[6] = (id[6] & 0x0f) | 0x40; /* version 4, RFC 9562 */
    id[8] = (id[8] & 0x3f) | 0x80;
    for (int i = 0; i < 16; i++)
        seq_printf(s, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
                   id[i]);
    seq_puts(s, "\n");
}

static void show_uuid(struct seq *s, uint64_t arg)
{
    uint8_t id[16];

    (void)arg;
    random_bytes(id, sizeof(id));
    put_uuid(s, id);
}

static void show_boot_id(struct seq *s, uint64_t arg)
{
    static uint8_t id[16];
    static bool made;

    (void)arg;
    if (!made)
        random_bytes(id, sizeof(id));
    made = true;
    put_uuid(s, id);
}

/* Open, free, at most: proc(5). */
static void show_aio_nr(struct seq *s, uint64_t arg)
{
    (void)arg;
    seq_printf(s, "%u\n", process.nr_aio);
}

static void show_file_nr(struct seq *s, uint64_t arg)
{
    unsigned nr = 0;

    (void)arg;
    for (int fd = 0; (fd = fd_next(fd)) >= 0; fd++)
        nr++;
    seq_printf(s, "%u\t0\t1048576\n", nr);
}

static int64_t overcommit = 1; /* always, as this kernel does it */
static int64_t swappiness, panic_seconds, somaxconn = 4096;
static int64_t core_uses_pid, randomize_va_space = 2, ip_forward;
static int64_t max_map_count = 1048576;

#define TEXT(n, t)                                                             \
    {                                                                          \
        .name = (n), .mode = 0444, .show = show_text, .arg = (uintptr_t)(t)    \
    }
#define NUMBER(n, var)                                                         \
    {                                                                          \
        .name = (n), .mode = 0644, .show = show_number, .store = store_number, \
        .arg = (uintptr_t) & (var)                                             \
    }
#define DIR(n, e)                                                              \
    {                                                                          \
        .name = (n), .mode = 0555, .entries = (e)                              \
    }
#define END                                                                    \
    {                                                                          \
        .name = NULL                                                           \
    }

/* clang-format off */
static const struct pseudo_node random_entries[] = {
    {.name = "boot_id", .mode = 0444, .show = show_boot_id},
    {.name = "uuid", .mode = 0444, .show = show_uuid},
    TEXT("entropy_avail", "256"),
    TEXT("poolsize", "256"),
    END,
};

static const struct pseudo_node kernel_entries[] = {
    TEXT("ostype", "Linux"),
    TEXT("osrelease", KERNEL_RELEASE),
    TEXT("version", KERNEL_VERSION),
    {.name = "hostname", .mode = 0644, .show = show_text, .store = store_name,
     .arg = (uintptr_t)process.hostname},
    {.name = "domainname", .mode = 0644, .show = show_text,
     .store = store_name, .arg = (uintptr_t)process.domainname},
    TEXT("cap_last_cap", "40"),
    TEXT("ngroups_max", "65536"),
    TEXT("pid_max", "32768"),
    TEXT("threads-max", "32768"),
    TEXT("overflowuid", "65534"),
    TEXT("overflowgid", "65534"),
    TEXT("core_pattern", "core"),
    NUMBER("core_uses_pid", core_uses_pid),
    NUMBER("panic", panic_seconds),
    NUMBER("randomize_va_space", randomize_va_space),
    TEXT("numa_balancing", "0"),
    TEXT("perf_event_paranoid", "4"),
    TEXT("kptr_restrict", "2"),
    TEXT("dmesg_restrict", "1"),
    TEXT("shmmax", "18446744073692774399"),
    TEXT("shmall", "18446744073692774399"),
    TEXT("shmmni", "4096"),
    TEXT("sem", "32000\t1024000000\t500\t32000"),
    TEXT("msgmax", "8192"),
    TEXT("msgmnb", "16384"),
    TEXT("msgmni", "32000"),
    DIR("random", random_entries),
    END,
};

static const struct pseudo_node vm_entries[] = {
    NUMBER("overcommit_memory", overcommit),
    TEXT("overcommit_ratio", "50"),
    NUMBER("max_map_count", max_map_count),
    TEXT("mmap_min_addr", "65536"),
    NUMBER("swappiness", swappiness),
    TEXT("min_free_kbytes", "0"),
    TEXT("nr_hugepages", "0"),
    TEXT("nr_overcommit_hugepages", "0"),
    TEXT("zone_reclaim_mode", "0"),
    TEXT("dirty_ratio", "20"),
    TEXT("dirty_background_ratio", "10"),
    END,
};

static const struct pseudo_node core_entries[] = {
    NUMBER("somaxconn", somaxconn),
    TEXT("rmem_default", "212992"),
    TEXT("rmem_max", "4194304"),
    TEXT("wmem_default", "212992"),
    TEXT("wmem_max", "4194304"),
    TEXT("netdev_max_backlog", "1000"),
    TEXT("optmem_max", "20480"),
    END,
};

static const struct pseudo_node ipv4_entries[] = {
    TEXT("ip_local_port_range", "32768\t60999"),
    TEXT("ip_local_reserved_ports", ""),
    TEXT("ip_unprivileged_port_start", "1024"),
    NUMBER("ip_forward", ip_forward),
    TEXT("ip_nonlocal_bind", "0"),
    TEXT("ip_default_ttl", "64"),
    TEXT("tcp_fastopen", "0"),
    TEXT("tcp_fin_timeout", "60"),
    TEXT("tcp_max_syn_backlog", "4096"),
    TEXT("tcp_syncookies", "0"),
    TEXT("tcp_keepalive_time", "7200"),
    TEXT("tcp_keepalive_intvl", "75"),
    TEXT("tcp_keepalive_probes", "9"),
    TEXT("tcp_rmem", "4096\t131072\t6291456"),
    TEXT("tcp_wmem", "4096\t16384\t4194304"),
    TEXT("tcp_congestion_control", "cubic"),
    TEXT("tcp_available_congestion_control", "cubic bbr"),
    TEXT("tcp_allowed_congestion_control", "cubic bbr"),
    END,
};

static const struct pseudo_node ipv6_all_entries[] = {
    TEXT("disable_ipv6", "0"),
    TEXT("forwarding", "0"),
    END,
};
static const struct pseudo_node ipv6_conf_entries[] = {
    DIR("all", ipv6_all_entries),
    DIR("default", ipv6_all_entries),
    END,
};
static const struct pseudo_node ipv6_entries[] = {
    TEXT("bindv6only", "0"),
    DIR("conf", ipv6_conf_entries),
    END,
};
static const struct pseudo_node unix_entries[] = {
    TEXT("max_dgram_qlen", "512"),
    END,
};

static const struct pseudo_node net_entries[] = {
    DIR("core", core_entries),
    DIR("ipv4", ipv4_entries),
    DIR("ipv6", ipv6_entries),
    DIR("unix", unix_entries),
    END,
};

static const struct pseudo_node inotify_entries[] = {
    TEXT("max_queued_events", "16384"),
    TEXT("max_user_instances", "128"),
    TEXT("max_user_watches", "65536"),
    END,
};

static const struct pseudo_node epoll_entries[] = {
    TEXT("max_user_watches", "1048576"),
    END,
};

static const struct pseudo_node fs_entries[] = {
    TEXT("file-max", "1048576"),
    {.name = "file-nr", .mode = 0444, .show = show_file_nr},
    TEXT("nr_open", "1048576"),
    TEXT("pipe-max-size", "1048576"),
    TEXT("aio-max-nr", "65536"),
    {.name = "aio-nr", .mode = 0444, .show = show_aio_nr},
    TEXT("suid_dumpable", "0"),
    TEXT("protected_hardlinks", "0"),
    TEXT("protected_symlinks", "0"),
    DIR("epoll", epoll_entries),
    DIR("inotify", inotify_entries),
    END,
};

const struct pseudo_node proc_sys_entries[] = {
    DIR("fs", fs_entries),
    DIR("kernel", kernel_entries),
    DIR("net", net_entries),
    DIR("vm", vm_entries),
    END,
};
/* clang-format on */
