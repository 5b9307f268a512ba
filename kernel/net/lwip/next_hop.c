/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The neighbours of the last second.
 */
#include "kernel/net/lwip/next_hop.h"

#include "kernel/core/clock.h"
#include "lwip/etharp.h"
#include "lwip/nd6.h"

enum { NEIGHBOURS = 64 };

/* Asked for again so often, before lwIP forgets it (300 s). */
#define ASK_NS (120 * NSEC_PER_SEC)

struct neighbour {
    ip_addr_t ip;
    struct netif *netif; /* NULL: unused */
    uint64_t fresh_until_ns, ask_at_ns;
    uint8_t mac[6];
};

static struct neighbour neighbours[NEIGHBOURS];

static void next_hop4(struct netif *netif, const ip_addr_t *dst, ip_addr_t *hop)
{
    bool near = ip4_addr_netcmp(ip_2_ip4(dst), netif_ip4_addr(netif),
                                netif_ip4_netmask(netif));

    *hop = *dst;
    if (!near && !ip4_addr_isany(netif_ip4_gw(netif)))
        ip_addr_copy_from_ip4(*hop, *netif_ip4_gw(netif));
}

static struct neighbour *slot(struct netif *netif, const ip_addr_t *ip)
{
    const u32_t *w = ip_2_ip6(ip)->addr;
    u32_t h = IP_IS_V4(ip) ? w[0] : w[0] ^ w[1] ^ w[2] ^ w[3];
    struct neighbour *n = &neighbours[(h * 0x9e3779b1u >> 16) % NEIGHBOURS];

    if (n->netif != netif || !ip_addr_cmp(&n->ip, ip)) {
        n->netif = netif;
        n->ip = *ip;
        n->fresh_until_ns = n->ask_at_ns = 0;
    }
    return n;
}

static bool look_up4(struct neighbour *n, uint64_t now)
{
    struct eth_addr *mac;
    const ip4_addr_t *ip;

    if (etharp_find_addr(n->netif, ip_2_ip4(&n->ip), &mac, &ip) < 0) {
        n->ask_at_ns = 0;
        return false;
    }
    if (!n->ask_at_ns)
        n->ask_at_ns = now + ASK_NS;
    if (now >= n->ask_at_ns) {
        n->ask_at_ns = now + ASK_NS;
        etharp_request(n->netif, ip_2_ip4(&n->ip));
    }
    memcpy(n->mac, mac->addr, sizeof(n->mac));
    return true;
}

const uint8_t *next_hop_find(struct iface *iface, const ip_addr_t *dst)
{
    uint64_t now = clock_mono_ns();
    struct neighbour *n;
    ip_addr_t hop = *dst;

    if (IP_IS_V4(dst))
        next_hop4(&iface->netif, dst, &hop);
    n = slot(&iface->netif, &hop);
    if (n->fresh_until_ns > now)
        return n->mac;
    timers_activity();
    if (IP_IS_V6(dst) || !look_up4(n, now))
        return NULL; /* IPv6's can only be asked for, with a packet */
    n->fresh_until_ns = now + NSEC_PER_SEC;
    return n->mac;
}

const uint8_t *next_hop_ask(struct iface *iface, const ip_addr_t *dst,
                            struct pbuf *packet)
{
    struct netif *netif = &iface->netif;
    const u8_t *mac = NULL;
    struct neighbour *n;

    if (IP_IS_V4(dst)) {
        netif->output(netif, packet, ip_2_ip4(dst));
        return NULL;
    }
    if (nd6_get_next_hop_addr_or_queue(netif, packet, ip_2_ip6(dst), &mac) !=
            ERR_OK ||
        !mac)
        return NULL;
    n = slot(netif, dst);
    memcpy(n->mac, mac, sizeof(n->mac));
    n->fresh_until_ns = clock_mono_ns() + NSEC_PER_SEC;
    return n->mac;
}
