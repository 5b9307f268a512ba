/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/net: the network's own texts as files.
 */
#include "kernel/net/net.h"

#include "kernel/core/alloc.h"
#include "kernel/fs/proc/tables.h"
#include "kernel/fs/sock/sock.h"

static void show(struct seq *s, uint64_t arg)
{
    size_t len;
    char *text = net_proc_text((const char *)(uintptr_t)arg, &len);

    if (text)
        seq_write(s, text, len);
    kfree(text);
}

static void show_sockstat(struct seq *s, uint64_t arg)
{
    seq_printf(s, "sockets: used %u\n", sock_count());
    show(s, arg);
}

#define NET(n, fn)                                                             \
    {                                                                          \
        .name = (n), .mode = 0444, .show = (fn), .arg = (uintptr_t)(n)         \
    }

/* clang-format off */
const struct pseudo_node proc_net_entries[] = {
    NET("arp", show),
    NET("dev", show),
    NET("if_inet6", show),
    NET("netstat", show),
    NET("route", show),
    NET("snmp", show),
    NET("sockstat", show_sockstat),
    NET("sockstat6", show),
    NET("tcp", show),
    NET("tcp6", show),
    NET("udp", show),
    NET("udp6", show),
    {.name = NULL},
};
/* clang-format on */
