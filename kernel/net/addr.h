/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Internet addresses as the kernel passes them around: no library's type, no
 * Linux sockaddr. IPv4-mapped IPv6 addresses do not occur here: whoever reads
 * a sockaddr turns them into NET_V4.
 */
#ifndef EINKORN_KERNEL_NET_ADDR_H
#define EINKORN_KERNEL_NET_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/string.h"

enum net_family { NET_NONE = 0, NET_V4 = 4, NET_V6 = 6 };

struct net_addr {
    uint8_t family; /* enum net_family */
    uint8_t ip[16]; /* network order; the first 4 for NET_V4 */
    uint16_t port;  /* host order; the identifier for ICMP */
    uint32_t scope; /* interface index of a link-local address, or 0 */
};

/* 127.0.0.0/8, ::1 */
static inline bool net_addr_is_loopback(const struct net_addr *a)
{
    if (a->family == NET_V4)
        return a->ip[0] == 127;
    for (int i = 0; i < 15; i++)
        if (a->ip[i])
            return false;
    return a->ip[15] == 1;
}

/* 224.0.0.0/4, ff00::/8 */
static inline bool net_addr_is_multicast(const struct net_addr *a)
{
    return a->family == NET_V6   ? a->ip[0] == 0xff
           : a->family == NET_V4 ? a->ip[0] >> 4 == 14
                                 : false;
}

static inline bool net_addr_is_any(const struct net_addr *a)
{
    static const uint8_t zero[16];

    return memcmp(a->ip, zero, a->family == NET_V6 ? 16 : 4) == 0;
}

/* Linux takes "any" as a destination for this host. */
static inline struct net_addr net_addr_reachable(const struct net_addr *to)
{
    struct net_addr a = *to;

    if (to->family == NET_NONE || !net_addr_is_any(to))
        return a;
    if (to->family == NET_V4)
        a.ip[0] = 127;
    a.ip[to->family == NET_V4 ? 3 : 15] = 1;
    return a;
}

#endif
