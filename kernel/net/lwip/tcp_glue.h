/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between kernel/net/tcp and lwIP's IP.
 */
#ifndef EINKORN_KERNEL_NET_LWIP_TCP_GLUE_H
#define EINKORN_KERNEL_NET_LWIP_TCP_GLUE_H

#include "kernel/net/lwip/glue.h"
#include "kernel/net/tcp/receive.h"

/* A received frame: true if it was TCP for us, and has been dealt with. What
 * is unusual (options, fragments) is left to lwIP, which brings it back. */
bool tcp_take_frame(struct iface *iface, struct rx_frame *f);
/* Takes TCP packets that went through lwIP. */
void tcp_glue_init(void);
/* Raw sockets want to see TCP packets: all must go through lwIP. */
extern unsigned raw_tcp_sockets;

/* Sum of the pseudo-header (RFC 9293, 3.1; RFC 8200, 8.1). */
uint64_t tcp_pseudo_sum(const struct net_addr *src, const struct net_addr *dst,
                        uint32_t len);

/* Packets to ourselves (tcp_loop.c): 0 or -ENOBUFS. */
int tcp_loop_send(const struct ip_packet *p);
bool tcp_loop_waits(void);
/* Delivers those that wait now. */
void tcp_loop_deliver(void);

#endif
