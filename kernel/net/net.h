/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The network as a whole: start-up, interfaces as seen from outside, and the
 * texts under /proc/net.
 */
#ifndef EINKORN_KERNEL_NET_NET_H
#define EINKORN_KERNEL_NET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/net/addr.h"

/* Loopback and each device of the boot information, configured from net0.ip
 * and so on. Needs clock, alloc, random, config and event. */
void net_init(void);

enum { NET_IFACE_ADDRS = 8, NET_IFACE_NAME = 16 };

struct net_iface_addr {
    struct net_addr addr;
    uint8_t prefix_len;
};

struct net_iface {
    uint32_t index; /* 1: lo, 2: eth0 ... as Linux counts */
    char name[NET_IFACE_NAME];
    uint8_t mac[6];
    uint32_t mtu;
    bool up, loopback;
    struct net_addr gateway; /* NET_NONE: none */
    unsigned nr_addrs;
    struct net_iface_addr addrs[NET_IFACE_ADDRS];
    uint64_t rx_packets, rx_bytes, rx_dropped;
    uint64_t tx_packets, tx_bytes, tx_dropped;
};

/* The i-th interface (from 0); false beyond the last. */
bool net_iface(unsigned i, struct net_iface *out);
/* By index, or -1. */
bool net_iface_by_index(uint32_t index, struct net_iface *out);

/* A host on the same link whose hardware address is known. */
struct net_neighbour {
    struct net_addr addr;
    uint8_t mac[6];
    uint32_t index; /* of the interface */
};

/* The first one at or behind place *at, which becomes its; false: none. */
bool net_neighbour(unsigned *at, struct net_neighbour *out);

/* A name server learned by DHCP, the i-th; false: no such. */
bool net_dns_server(unsigned i, struct net_addr *out);

/* Text of /proc/net/<name> ("tcp", "dev", ...: see proctext.c), kmalloc'ed,
 * *len_bytes long; NULL: no such file or no memory. */
char *net_proc_text(const char *name, size_t *len_bytes);

#endif
