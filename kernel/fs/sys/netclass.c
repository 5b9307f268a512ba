/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /sys/class/net: a directory for each interface with what monitoring reads
 * (Documentation/ABI/testing/sysfs-class-net of Linux). Nothing can be set.
 */
#include "kernel/fs/pseudo/pseudo.h"
#include "kernel/fs/sock/abi.h"
#include "kernel/fs/sys/sys.h"
#include "kernel/net/net.h"

/* What the path's argument means: N of ethN, or LO. */
enum { LO = 1000, INDEX_OF_ETH0 = 2 };

static struct net_iface iface_of(uint64_t arg)
{
    struct net_iface iface = {0};

    net_iface_by_index(arg == LO ? 1 : (uint32_t)arg + INDEX_OF_ETH0, &iface);
    return iface;
}

static bool eth_next(uint64_t arg, uint64_t *nr)
{
    struct net_iface iface;

    (void)arg;
    return *nr < LO &&
           net_iface_by_index((uint32_t)*nr + INDEX_OF_ETH0, &iface);
}

static void put_mac(struct seq *s, const uint8_t mac[6])
{
    for (unsigned i = 0; i < 6; i++)
        seq_printf(s, i ? ":%02x" : "%02x", mac[i]);
    seq_puts(s, "\n");
}

static void show_address(struct seq *s, uint64_t arg)
{
    put_mac(s, iface_of(arg).mac);
}

static void show_broadcast(struct seq *s, uint64_t arg)
{
    static const uint8_t all[6] = {255, 255, 255, 255, 255, 255}, none[6];

    put_mac(s, arg == LO ? none : all);
}

static void show_flags(struct seq *s, uint64_t arg)
{
    seq_printf(s, "0x%x\n",
               (iface_of(arg).up ? IFF_UP : 0) |
                   (arg == LO ? IFF_LOOPBACK : IFF_BROADCAST | IFF_MULTICAST));
}

static void show_index(struct seq *s, uint64_t arg)
{
    seq_printf(s, "%u\n", iface_of(arg).index);
}

static void show_mtu(struct seq *s, uint64_t arg)
{
    seq_printf(s, "%u\n", iface_of(arg).mtu);
}

static void show_type(struct seq *s, uint64_t arg)
{
    seq_printf(s, "%d\n", arg == LO ? ARPHRD_LOOPBACK : ARPHRD_ETHER);
}

static void show_carrier(struct seq *s, uint64_t arg)
{
    seq_printf(s, "%d\n", iface_of(arg).up);
}

/* Loopback has no link that could be seen. */
static void show_operstate(struct seq *s, uint64_t arg)
{
    struct net_iface iface = iface_of(arg);

    seq_puts(s, iface.loopback ? "unknown\n" : iface.up ? "up\n" : "down\n");
}

static void show_uevent(struct seq *s, uint64_t arg)
{
    struct net_iface iface = iface_of(arg);

    seq_printf(s, "INTERFACE=%s\nIFINDEX=%u\n", iface.name, iface.index);
}

static void show_text(struct seq *s, uint64_t arg)
{
    seq_puts(s, (const char *)(uintptr_t)arg);
}

#define COUNTER(field)                                                         \
    static void show_##field(struct seq *s, uint64_t arg)                      \
    {                                                                          \
        seq_printf(s, "%lu\n", iface_of(arg).field);                           \
    }

COUNTER(rx_bytes)
COUNTER(rx_packets)
COUNTER(rx_dropped)
COUNTER(tx_bytes)
COUNTER(tx_packets)
COUNTER(tx_dropped)

#define SHOW(n, fn)                                                            \
    {                                                                          \
        .name = (n), .mode = 0444, .show = (fn)                                \
    }
#define TEXT(n, t)                                                             \
    {                                                                          \
        .name = (n), .mode = 0444, .show = show_text, .arg = (uintptr_t)(t)    \
    }

/* clang-format off */
static const struct pseudo_node statistics[] = {
    SHOW("rx_bytes", show_rx_bytes),
    SHOW("rx_dropped", show_rx_dropped),
    SHOW("rx_packets", show_rx_packets),
    SHOW("tx_bytes", show_tx_bytes),
    SHOW("tx_dropped", show_tx_dropped),
    SHOW("tx_packets", show_tx_packets),
    TEXT("rx_errors", "0\n"),
    TEXT("tx_errors", "0\n"),
    {.name = NULL},
};

static const struct pseudo_node iface_entries[] = {
    TEXT("addr_len", "6\n"),
    SHOW("address", show_address),
    SHOW("broadcast", show_broadcast),
    SHOW("carrier", show_carrier),
    TEXT("dormant", "0\n"),
    SHOW("flags", show_flags),
    SHOW("ifindex", show_index),
    SHOW("iflink", show_index),
    TEXT("link_mode", "0\n"),
    SHOW("mtu", show_mtu),
    SHOW("operstate", show_operstate),
    {.name = "statistics", .mode = 0555, .entries = statistics},
    TEXT("tx_queue_len", "1000\n"),
    SHOW("type", show_type),
    SHOW("uevent", show_uevent),
    {.name = NULL},
};

static const struct pseudo_node lo[] = {
    {.name = "lo", .mode = 0555, .entries = iface_entries, .arg = LO},
    {.name = NULL},
};
static const struct pseudo_node eth_each = {
    .mode = 0555, .entries = iface_entries};

const struct pseudo_node sys_class_entries[] = {
    {.name = "net", .mode = 0555, .entries = lo, .each = &eth_each,
     .prefix = "eth", .next = eth_next},
    {.name = NULL},
};
/* clang-format on */
