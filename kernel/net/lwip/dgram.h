/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A datagram endpoint on lwIP: UDP or raw IP. Shared by the dgram*.c files.
 */
#ifndef EINKORN_KERNEL_NET_LWIP_DGRAM_H
#define EINKORN_KERNEL_NET_LWIP_DGRAM_H

#include "kernel/net/counters.h"
#include "kernel/net/lwip/glue.h"
#include "kernel/net/transport.h"
#include "lwip/raw.h"
#include "lwip/udp.h"

enum {
    DGRAM_RCVBUF = 212992,
    DGRAM_MAX = 65507,
    DGRAM_GROUPS = 16,
    DGRAM_COST = 256,    /* of a queued packet, beside its bytes */
    DGRAM_HEADROOM = 64, /* in front of a packet's data: all headers */
};

struct dgram_group {
    struct net_addr addr; /* NET_NONE: free */
    uint32_t ifindex;
};

struct dgram {
    struct udp_pcb *udp; /* one of both */
    struct raw_pcb *raw;
    struct net_owner *owner;
    enum net_family family;
    bool v6only, reuseaddr, reuseport, connected;
    int error;
    struct list rx;
    size_t rx_bytes; /* payload */
    size_t rx_cost;  /* with overhead, against rcvbuf */
    uint32_t rcvbuf, sndbuf;
    struct list errors;           /* struct dgram_error */
    bool recverr4, recverr6;      /* queue them */
    uint8_t pmtudisc4, pmtudisc6; /* IP_PMTUDISC_* */
    uint32_t path_mtu; /* of the connected peer, as ICMP said, or 0 */
    uint32_t mcast_if;
    uint32_t device; /* SO_BINDTODEVICE, or 0 */
    struct dgram_group groups[DGRAM_GROUPS];
    uint32_t icmp_filter[ICMP_FILTER_WORDS]; /* raw: types not wanted */
    struct list all;                         /* in dgrams */
    struct dgram *table_next;                /* udp_table.c */
    uint16_t table_port;                     /* 0: not in there */
};

extern struct list dgrams;

bool dgram_has_room(const struct dgram *d);
/* Queues a received packet, or frees it if there is no room. */
void dgram_queue(struct dgram *d, struct packet *p);
/* What the pbuf has behind `off` bytes, addressed as lwIP's current input is.
 * NULL: out of memory. */
struct packet *packet_copy(const struct pbuf *q, size_t off, uint16_t src_port);
void dgram_leave_all(struct dgram *d);

/* What an ICMP message says about a packet of ours. */
struct dgram_icmp {
    ip_addr_t src, dst; /* of ours */
    uint8_t protocol;
    uint16_t src_port, dst_port; /* UDP */
    uint8_t type, code;
    int error;
    bool hard; /* told to connected sockets that did not ask, too */
    bool too_big;
    uint32_t info;
    struct pbuf *pbuf; /* the message with its headers */
    size_t off, len;   /* in there: what it quotes behind our IP header */
};

/* Tells the sockets that sent the packet, queues it where that is wanted. */
void dgram_icmp(const struct dgram_icmp *m);
/* Our own word, for who wants it: a datagram did not fit the MTU. */
void dgram_local_error(struct dgram *d, const struct net_addr *to, int error,
                       uint32_t info);
void dgram_drop_errors(struct dgram *d);

#endif
