/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What TCP stands on: routes, and IP packets out. Implemented beside whatever
 * does IP (kernel/net/lwip/tcp_ip.c), and by the unit tests.
 */
#ifndef EINKORN_KERNEL_NET_TCP_IP_H
#define EINKORN_KERNEL_NET_TCP_IP_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/platform.h"
#include "kernel/net/addr.h"

enum {
    IP_HEADROOM = 14 + 40, /* Ethernet and the longer of the IP headers */
    IP_PIECES = 48,
    IP_PAYLOAD_MAX = 65536 - 256, /* of one packet that the device cuts */
};

/* Where a connection's packets leave; a cache that may be kept. */
struct path {
    void *impl; /* NULL: this host, or not looked up */
    bool found, local;
    uint32_t mtu;
    bool cuts; /* packets longer than the MTU are fine with ip_packet.cut */
};

/* One TCP segment. `head` has IP_HEADROOM bytes for the layers below, then
 * the TCP header, its checksum 0. Payload stays where it is and must not be
 * freed before ip_idle(). */
struct ip_packet {
    const struct net_addr *src, *dst;
    struct path *route;
    uint8_t ttl, tos;
    uint8_t *head;
    unsigned tcp_len; /* TCP header with options */
    const struct abi_iov *iov;
    unsigned nr;
    uint32_t payload_len;
    uint32_t cut; /* payload of each packet on the wire; 0: send as is */
};

/* Looks up the route to dst; src gets an address if it has none. 0 or
 * -ENETUNREACH. */
int path_find(struct path *route, struct net_addr *src,
              const struct net_addr *dst);
/* Index of the interface that it leaves through. */
uint32_t path_device(const struct path *route);
/* 0, or -ENOBUFS: conn_resume_all() will be called when there is room. Other
 * errors are treated as loss. */
int ip_send(const struct ip_packet *p);
/* Hands over what was sent. */
void ip_kick(void);
/* Nothing sent is still in use. */
bool ip_idle(void);
/* May a socket be bound to it? "Any" may. */
bool ip_is_ours(const struct net_addr *a);

#endif
