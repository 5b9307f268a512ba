/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Link addresses of whom packets go to next. lwIP keeps and renews them; what
 * it says is remembered for a second, so that it is not asked for each packet.
 */
#ifndef EINKORN_KERNEL_NET_LWIP_NEXT_HOP_H
#define EINKORN_KERNEL_NET_LWIP_NEXT_HOP_H

#include "kernel/net/lwip/glue.h"

/* Where a packet to dst (no group, no broadcast) goes; NULL: not known, ask. */
const uint8_t *next_hop_find(struct iface *iface, const ip_addr_t *dst);
/* Gives lwIP a packet, from its IP header on, for one that is not known: it
 * sends it, or keeps it until there is an answer. Unless an address is
 * returned: then the packet is still to be sent, there. */
const uint8_t *next_hop_ask(struct iface *iface, const ip_addr_t *dst,
                            struct pbuf *packet);

#endif
