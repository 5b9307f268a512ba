/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interfaces as kernel/net/net.h shows them.
 */
#include "kernel/net/lwip/glue.h"
#include "lib/fmt.h"
#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip_hooks.h"

enum { DNS_MAX = 3 };

static ip_addr_t dns_servers[DNS_MAX];

/* lwIP's DHCP client calls these; there is no resolver behind them. */
void dns_init(void)
{
}

void dns_setserver(u8_t n, const ip_addr_t *ip)
{
    if (n < DNS_MAX)
        dns_servers[n] = *ip;
}

static void add(struct net_iface *out, const ip_addr_t *ip, unsigned prefix)
{
    struct net_iface_addr *a;

    if (out->nr_addrs == NET_IFACE_ADDRS)
        return;
    a = &out->addrs[out->nr_addrs++];
    from_ip(&a->addr, ip, 0);
    a->prefix_len = (uint8_t)prefix;
}

static unsigned prefix_len(uint32_t mask)
{
    return mask ? 32 - (unsigned)__builtin_ctz(mask) : 0;
}

static void addresses(struct netif *netif, struct net_iface *out)
{
    if (!ip4_addr_isany(netif_ip4_addr(netif)))
        add(out, netif_ip_addr4(netif),
            prefix_len(lwip_ntohl(netif_ip4_netmask(netif)->addr)));
    for (unsigned i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        if (ip6_addr_isvalid(netif_ip6_addr_state(netif, i)))
            add(out, netif_ip_addr6(netif, i), out->loopback ? 128 : 64);
    if (!out->loopback && !ip4_addr_isany(netif_ip4_gw(netif)))
        from_ip(&out->gateway, netif_ip_gw4(netif), 0);
}

static void counters(const struct netif *netif, struct net_iface *out)
{
    const struct iface *iface = netif->state;
    const struct netdev_stats *s;

    if (out->loopback)
        return;
    s = &iface->nd.stats;
    out->rx_packets = s->rx_packets;
    out->rx_bytes = s->rx_bytes;
    out->rx_dropped = s->rx_dropped;
    out->tx_packets = s->tx_packets;
    out->tx_bytes = s->tx_bytes;
    out->tx_dropped = s->tx_dropped;
}

bool net_iface_by_index(uint32_t index, struct net_iface *out)
{
    struct netif *netif = netif_of_index(index);

    if (!netif)
        return false;
    memset(out, 0, sizeof(*out));
    out->index = index;
    out->loopback = netif->name[0] == 'l';
    out->up = netif_is_up(netif);
    out->mtu = out->loopback ? 65536 : netif->mtu;
    memcpy(out->mac, netif->hwaddr, netif->hwaddr_len);
    if (out->loopback)
        strlcpy(out->name, "lo", sizeof(out->name));
    else
        snprintf(out->name, sizeof(out->name), "eth%u", index - 2);
    addresses(netif, out);
    counters(netif, out);
    return true;
}

bool net_iface(unsigned i, struct net_iface *out)
{
    return net_iface_by_index(i + 1, out);
}

bool net_dns_server(unsigned i, struct net_addr *out)
{
    if (i >= DNS_MAX || ip_addr_isany(&dns_servers[i]))
        return false;
    from_ip(out, &dns_servers[i], 53);
    return true;
}
