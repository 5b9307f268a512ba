/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plain datagrams of UDP (RFC 768), past lwIP. Ports and addresses of sockets
 * stay in its control blocks.
 */
#ifndef EINKORN_KERNEL_NET_LWIP_UDP_H
#define EINKORN_KERNEL_NET_LWIP_UDP_H

#include "kernel/net/lwip/dgram.h"
#include "kernel/net/lwip/plain_ip.h"

/* After its local port may have changed; and before it goes. */
void udp_table_update(struct dgram *d);
void udp_table_remove(struct dgram *d);
/* Whom a datagram to one of our addresses is for, which came in by this
 * interface: connected to the sender before bound to the address
 * before bound to all, the latest of several. NULL: nobody. */
struct dgram *udp_table_find(const ip_addr_t *dst, uint16_t dst_port,
                             const ip_addr_t *src, uint16_t src_port,
                             uint32_t ifindex);
/* SO_REUSEPORT: each sender stays with one of those that share d's port. */
struct dgram *udp_table_pick(struct dgram *d, const ip_addr_t *src,
                             uint16_t src_port);

/* Raw sockets want to see UDP packets: all must go through lwIP. */
extern unsigned raw_udp_sockets;
/* A received plain packet of UDP: true if it has been dealt with. */
bool udp_take_packet(const struct iface *iface, struct packet_view *v);

/* Where a datagram goes. */
struct udp_way {
    struct netif *netif;
    const ip_addr_t *src, *dst;
    uint16_t port;
};

/* False: lwIP must send it (to ourselves, to groups, in fragments, with a
 * checksum that the device does not make). */
bool udp_is_plain(const struct packet *p, const struct udp_way *w);
/* Sends one that is: 0 or -ENOBUFS. The socket has a port. */
int udp_send_plain(const struct dgram *d, struct packet *p,
                   const struct udp_way *w);

#endif
