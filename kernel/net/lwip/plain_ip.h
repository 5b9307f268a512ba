/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plain IP packets, which need nothing of lwIP: received ones without options,
 * fragments and groups, and the headers of those that we send.
 */
#ifndef EINKORN_KERNEL_NET_LWIP_PLAIN_IP_H
#define EINKORN_KERNEL_NET_LWIP_PLAIN_IP_H

#include "kernel/net/lwip/glue.h"

enum { PLAIN_TCP = 6, PLAIN_UDP = 17 };

/* A packet in up to two pieces; headers are in the first. */
struct packet_view {
    struct net_addr src, dst; /* without ports */
    uint8_t proto, ttl, tos;
    const uint8_t *head;
    uint32_t head_len;
    const uint8_t *tail;
    uint32_t tail_len;
    uint32_t ip_len; /* header */
    uint32_t len;    /* of what IP carries */
    bool csum_ok;
};

/* Is the frame a plain packet for one of our addresses, with a right header?
 * Then v's pieces end where the packet does. */
bool plain_view(struct packet_view *v, const struct iface *iface,
                const struct rx_frame *f);
/* The packet carries only so much; the rest is padding. */
void plain_trim(struct packet_view *v, uint32_t len);
/* Sum of the pseudo-header (RFC 9293, 3.1; RFC 768; RFC 8200, 8.1). */
uint64_t plain_pseudo_sum(const struct net_addr *src,
                          const struct net_addr *dst, uint8_t proto,
                          uint32_t len);
/* Is the checksum of what is carried right? Not asked where the device did. */
bool plain_checksum_right(const struct packet_view *v);

struct plain_header {
    const void *src, *dst; /* 4 or 16 bytes */
    bool v6, dont_fragment;
    uint8_t proto, ttl, tos;
    uint16_t id;  /* IPv4, without dont_fragment */
    uint32_t len; /* of what follows */
};

/* The IP header in front of `next`, where at least 40 bytes are free. */
uint8_t *plain_header(uint8_t *next, const struct plain_header *h);
/* Ethernet's in front of that, 14 bytes more. */
uint8_t *plain_ethernet(uint8_t *ip, const struct iface *iface,
                        const uint8_t *mac, bool v6);

#endif
