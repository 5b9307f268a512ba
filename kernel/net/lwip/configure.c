/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses of interfaces out of the configuration: netN.ip ("dhcp" or
 * a.b.c.d/len), netN.gw, netN.gwmac, netN.ip6 (address/len or "none"),
 * netN.gw6.
 */
#include "kernel/core/config.h"
#include "kernel/core/log.h"
#include "kernel/net/lwip/glue.h"
#include "lib/fmt.h"
#include "lib/mac.h"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/nd6.h"

static const char *get(unsigned n, const char *what)
{
    char key[24];

    snprintf(key, sizeof(key), "net%u.%s", n, what);
    return config_get(key, 0);
}

/* Splits "address/len"; len stays what it was without one. */
static bool split(const char *text, char *addr, size_t size, unsigned *len,
                  unsigned max)
{
    const char *slash = strchr(text, '/'), *end = "";
    size_t n = slash ? (size_t)(slash - text) : strlen(text);

    if (n >= size)
        return false;
    memcpy(addr, text, n);
    addr[n] = 0;
    if (slash)
        *len = (unsigned)str_to_u64(slash + 1, &end);
    return *end == 0 && *len <= max && (!slash || slash[1]);
}

/* lwIP announces an address that an Ethernet device is given. */
static void set_addr(struct netif *netif, const ip4_addr_t *ip,
                     const ip4_addr_t *mask, const ip4_addr_t *gateway,
                     bool announce)
{
    if (!announce)
        netif->flags &= (u8_t)~NETIF_FLAG_ETHARP;
    netif_set_addr(netif, ip, mask, gateway);
    netif->flags |= NETIF_FLAG_ETHARP;
}

/* Nobody need be asked, or told, where the gateway knows us and we it. */
static bool get_gateway_mac(unsigned n, struct eth_addr *mac)
{
    const char *text = get(n, "gwmac");

    if (!text || mac_parse(text, mac->addr))
        return text;
    klog(LOG_ERROR, "net%u.gwmac=%s: not an Ethernet address", n, text);
    return false;
}

static void set_v4(struct iface *iface, unsigned n, const char *text)
{
    const char *gw = get(n, "gw");
    ip4_addr_t ip, mask, gateway = {0};
    struct eth_addr mac;
    unsigned len = 24;
    char addr[20];
    bool known;

    if (!split(text, addr, sizeof(addr), &len, 32) ||
        !ip4addr_aton(addr, &ip)) {
        klog(LOG_ERROR, "net%u.ip=%s: not an IPv4 address/length", n, text);
        return;
    }
    if (gw && !ip4addr_aton(gw, &gateway))
        klog(LOG_ERROR, "net%u.gw=%s: not an IPv4 address", n, gw);
    mask.addr = len ? lwip_htonl(~UINT32_C(0) << (32 - len)) : 0;
    known = gw && get_gateway_mac(n, &mac);
    set_addr(&iface->netif, &ip, &mask, &gateway, !known);
    if (known)
        etharp_add_static_entry(&gateway, &mac);
}

static void set_v6(struct iface *iface, unsigned n, const char *text)
{
    const char *gw = get(n, "gw6");
    unsigned len = 64;
    ip6_addr_t ip;
    s8_t slot = -1;
    char addr[48];

    if (!split(text, addr, sizeof(addr), &len, 128) ||
        !ip6addr_aton(addr, &ip) ||
        netif_add_ip6_address(&iface->netif, &ip, &slot) != ERR_OK) {
        klog(LOG_ERROR, "net%u.ip6=%s: not an IPv6 address/length", n, text);
        return;
    }
    netif_ip6_addr_set_state(&iface->netif, slot, IP6_ADDR_PREFERRED);
    if (!gw)
        return;
    iface->has_gateway6 = ip6addr_aton(gw, &iface->gateway6);
    if (!iface->has_gateway6)
        klog(LOG_ERROR, "net%u.gw6=%s: not an IPv6 address", n, gw);
    else if (ip6_addr_islinklocal(&iface->gateway6))
        ip6_addr_set_zone(&iface->gateway6, netif_get_index(&iface->netif));
}

/* An address of its own, and what is given or what a router says. */
static void start_v6(struct iface *iface, unsigned n, const char *ip6)
{
    struct netif *netif = &iface->netif;

    netif_create_ip6_linklocal_address(netif, 1);
    netif_ip6_addr_set_state(netif, 0, IP6_ADDR_PREFERRED);
    if (ip6)
        set_v6(iface, n, ip6);
    netif_set_ip6_autoconfig_enabled(netif, !ip6);
}

void iface_configure(struct iface *iface, unsigned n)
{
    const char *ip = get(n, "ip"), *ip6 = get(n, "ip6");
    struct netif *netif = &iface->netif;

    netif_set_up(netif);
    netif_set_link_up(netif);
    if (!netif_default)
        netif_set_default(netif);
    if (ip && strcmp(ip, "dhcp") == 0)
        dhcp_start(netif);
    else if (ip)
        set_v4(iface, n, ip);
    if (!ip6 || strcmp(ip6, "none") != 0)
        start_v6(iface, n, ip6);
}
