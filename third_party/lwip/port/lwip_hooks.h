/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Places where lwIP asks us: implemented in kernel/net/lwip/hooks.c.
 */
#ifndef EINKORN_LWIP_HOOKS_H
#define EINKORN_LWIP_HOOKS_H

#include "lwip/arch.h"
#include "lwip/err.h"
#include "lwip/ip_addr.h"

struct netif;
struct pbuf;
struct tcp_hdr;
struct tcp_pcb;

/* Initial sequence number (RFC 6528). */
u32_t lwip_hook_tcp_isn(const ip_addr_t *local_ip, u16_t local_port,
                        const ip_addr_t *remote_ip, u16_t remote_port);
/* ERR_OK: go on; else the segment is dropped (accept queue full). */
err_t lwip_hook_tcp_in(struct tcp_pcb *pcb, struct tcp_hdr *hdr);
/* The configured IPv6 gateway of an interface, or NULL. */
const ip6_addr_t *lwip_hook_nd6_gateway(struct netif *netif,
                                        const ip6_addr_t *dest);
/* The DHCP client learned the n-th name server. */
void dns_setserver(u8_t n, const ip_addr_t *ip);

#define LWIP_HOOK_TCP_ISN lwip_hook_tcp_isn
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, hdr, optlen, opt1len, opt2, p)         \
    lwip_hook_tcp_in(pcb, hdr)
#define LWIP_HOOK_ND6_GET_GW lwip_hook_nd6_gateway

#endif
