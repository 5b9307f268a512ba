/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between kernel/net/tcp and lwIP's IP.
 */
#ifndef EINKORN_KERNEL_NET_LWIP_TCP_GLUE_H
#define EINKORN_KERNEL_NET_LWIP_TCP_GLUE_H

#include "kernel/net/lwip/glue.h"
#include "kernel/net/lwip/plain_ip.h"
#include "kernel/net/tcp/receive.h"

/* A received frame with a plain packet of TCP: true if it has been dealt with,
 * false: lwIP must see it and brings it back. */
bool tcp_take_packet(struct iface *iface, struct rx_frame *f,
                     const struct packet_view *v);
/* Takes TCP packets that went through lwIP. */
void tcp_glue_init(void);
/* Raw sockets want to see TCP packets: all must go through lwIP. */
extern unsigned raw_tcp_sockets;

/* Packets to ourselves (tcp_loop.c): 0 or -ENOBUFS. */
int tcp_loop_send(const struct ip_packet *p);
bool tcp_loop_waits(void);
/* Delivers those that wait now. */
void tcp_loop_deliver(void);

#endif
