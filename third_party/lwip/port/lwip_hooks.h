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

/* The configured IPv6 gateway of an interface, or NULL. */
const ip6_addr_t *lwip_hook_nd6_gateway(struct netif *netif,
                                        const ip6_addr_t *dest);
/* The DHCP client learned the n-th name server. */
void dns_setserver(u8_t n, const ip_addr_t *ip);

#define LWIP_HOOK_ND6_GET_GW lwip_hook_nd6_gateway

#endif
