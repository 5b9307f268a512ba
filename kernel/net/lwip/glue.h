/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the files that put lwIP behind kernel/net/transport.h. The only
 * folder that includes lwIP's headers.
 */
#ifndef EINKORN_KERNEL_NET_LWIP_GLUE_H
#define EINKORN_KERNEL_NET_LWIP_GLUE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/net/net.h"
#include "kernel/net/netdev.h"
#include "lwip/ip_addr.h"
#include "lwip/netif.h"

/* One device with its lwIP interface. */
struct iface {
    struct netif netif;
    struct netdev nd;
    ip6_addr_t gateway6;
    bool has_gateway6;
};

extern struct iface *ifaces[ABI_MAX_NET];
extern unsigned nr_ifaces;

/* New interface for the platform's device; NULL: out of memory. */
struct iface *iface_new(uint32_t dev, const struct abi_net_info *info);
/* netN.ip and so on; bad ones are reported and ignored. */
void iface_configure(struct iface *iface, unsigned n);
struct netif *netif_of_index(uint32_t index);

/* After anything that may have made lwIP emit packets: delivers what loops
 * back and flushes the devices. */
void lwip_kick(void);
/* The same, but frames may wait for more until the program pauses. */
void lwip_kick_later(void);

/* While it is true, IPv4 packets that leave ask routers not to cut them. */
extern bool ip4_dont_fragment;

/* No device has frames waiting. */
bool devices_idle(void);

/* Listens for ICMP errors (icmp_error.c). */
void icmp_error_init(void);

/* Timers (timers.c). */
void timers_init(void);
/* A frame came or went: neighbour and group timers should run for a while. */
void timers_activity(void);
/* The same for groups, whose reports may have been asked for. */
void timers_groups(void);

/* Conversions. A NET_NONE address becomes "any" of the given lwIP type. */
void to_ip(ip_addr_t *out, const struct net_addr *a, uint8_t any_type);
void from_ip(struct net_addr *out, const ip_addr_t *ip, uint16_t port);
/* -errno of an err_t. */
int err_to_errno(err_t err);
/* Which of several sockets with SO_REUSEPORT gets what this peer sends. */
unsigned reuseport_hash(const ip_addr_t *ip, uint16_t port);
/* Is it one of ours (or any, or multicast if so allowed)? */
bool ip_is_local(const ip_addr_t *ip);

#endif
