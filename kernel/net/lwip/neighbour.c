/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables of ARP and of neighbour discovery, one behind the other.
 */
#include "kernel/net/lwip/glue.h"
#include "lwip/etharp.h"
#include "lwip/priv/nd6_priv.h"

static void found(struct net_neighbour *out, struct netif *netif,
                  const ip_addr_t *ip, const void *mac)
{
    from_ip(&out->addr, ip, 0);
    memcpy(out->mac, mac, sizeof(out->mac));
    out->index = netif_get_index(netif);
}

static bool arp_entry(size_t i, struct net_neighbour *out)
{
    struct eth_addr *mac;
    struct netif *netif;
    ip4_addr_t *ip4;
    ip_addr_t ip;

    if (!etharp_get_entry(i, &ip4, &netif, &mac))
        return false;
    ip_addr_copy_from_ip4(ip, *ip4);
    found(out, netif, &ip, mac);
    return true;
}

static bool nd6_entry(size_t i, struct net_neighbour *out)
{
    const struct nd6_neighbor_cache_entry *e = &neighbor_cache[i];
    ip_addr_t ip;

    if (e->state == ND6_NO_ENTRY || e->state == ND6_INCOMPLETE)
        return false;
    ip_addr_copy_from_ip6(ip, e->next_hop_address);
    found(out, e->netif, &ip, e->lladdr);
    return true;
}

bool net_neighbour(unsigned *at, struct net_neighbour *out)
{
    for (; *at < ARP_TABLE_SIZE + LWIP_ND6_NUM_NEIGHBORS; (*at)++)
        if (*at < ARP_TABLE_SIZE ? arp_entry(*at, out)
                                 : nd6_entry(*at - ARP_TABLE_SIZE, out))
            return true;
    return false;
}
