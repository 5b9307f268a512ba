/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP's packets out: routes and neighbours are lwIP's, the frame is made here
 * and goes straight to the device, up to 64 KiB at a time. While a neighbour is
 * not known lwIP queues for it.
 */
#include <linux/errno.h>

#include "kernel/net/checksum.h"
#include "kernel/net/lwip/next_hop.h"
#include "kernel/net/lwip/tcp_glue.h"
#include "lwip/ip4.h"
#include "lwip/ip6.h"

enum { LOOP_MTU = 65535, CHECKSUM_OFF = 16 };

/* ---- routes ---- */

static struct netif *find_netif(const ip_addr_t *src, const ip_addr_t *dst)
{
    return IP_IS_V4(dst) ? ip4_route(ip_2_ip4(dst))
                         : ip6_route(ip_2_ip6(src), ip_2_ip6(dst));
}

/* The address that packets to dst leave with. */
static bool pick_source(struct netif *netif, ip_addr_t *src,
                        const ip_addr_t *dst)
{
    const ip_addr_t *ip;

    if (IP_IS_V4(dst)) {
        *src = *netif_ip_addr4(netif);
        return !ip_addr_isany(src);
    }
    ip = ip6_select_source_address(netif, ip_2_ip6(dst));
    if (ip)
        *src = *ip;
    return ip != NULL;
}

static int route_local(struct path *route, struct net_addr *src,
                       const struct net_addr *dst)
{
    if (net_addr_is_any(src)) {
        memcpy(src->ip, dst->ip, sizeof(src->ip));
        src->scope = dst->scope;
    }
    *route = (struct path){.found = true, .local = true, .mtu = LOOP_MTU};
    return 0;
}

uint32_t path_device(const struct path *route)
{
    const struct iface *iface = route->impl;

    return iface ? netif_get_index(&iface->netif) : 1 /* lo */;
}

int path_find(struct path *route, struct net_addr *src,
              const struct net_addr *dst)
{
    uint32_t need = ABI_NET_CSUM;
    ip_addr_t from, to;
    struct netif *netif;
    struct iface *iface;

    to_ip(&to, dst, IPADDR_TYPE_V4);
    to_ip(&from, src, IP_GET_TYPE(&to));
    if (ip_is_local(&to))
        return route_local(route, src, dst);
    if (IP_IS_ANY_TYPE_VAL(from))
        IP_SET_TYPE(&from, IPADDR_TYPE_V6);
    netif = find_netif(&from, &to);
    if (!netif || !netif->state || netif->name[0] == 'l' ||
        ip_addr_ismulticast(&to))
        return -ENETUNREACH;
    if (net_addr_is_any(src)) {
        uint16_t port = src->port;

        if (!pick_source(netif, &from, &to))
            return -ENETUNREACH;
        from_ip(src, &from, port);
    }
    iface = netif->state;
    need |= IP_IS_V4(&to) ? ABI_NET_TSO4 : ABI_NET_TSO6;
    *route = (struct path){
        .impl = iface,
        .found = true,
        .mtu = netif->mtu,
        .cuts = (iface->nd.info.features & need) == need,
    };
    return 0;
}

bool ip_is_ours(const struct net_addr *a)
{
    ip_addr_t ip;

    to_ip(&ip, a, IPADDR_TYPE_V6);
    return ip_is_local(&ip);
}

/* ---- packets ---- */

/* The IP header, in front of TCP's. */
static uint8_t *make_ip(const struct ip_packet *p)
{
    struct plain_header h = {
        .src = p->src->ip,
        .dst = p->dst->ip,
        .v6 = p->dst->family == NET_V6,
        .dont_fragment = true, /* path MTU discovery (RFC 1191) */
        .proto = PLAIN_TCP,
        .ttl = p->ttl,
        .tos = p->tos,
        .len = p->tcp_len + p->payload_len,
    };

    return plain_header(p->head + IP_HEADROOM, &h);
}

/* For devices that leave it to us. */
static void checksum(const struct ip_packet *p)
{
    uint8_t *tcp = p->head + IP_HEADROOM;
    uint64_t sum = plain_pseudo_sum(p->src, p->dst, PLAIN_TCP,
                                    p->tcp_len + p->payload_len);
    uint32_t off = 0;
    uint16_t folded;

    sum = checksum_add(sum, tcp, p->tcp_len);
    for (unsigned i = 0; i < p->nr; i++) {
        const void *part = (const void *)(uintptr_t)p->iov[i].base;

        sum = off & 1 ? checksum_add_odd(sum, part, p->iov[i].len_bytes)
                      : checksum_add(sum, part, p->iov[i].len_bytes);
        off += (uint32_t)p->iov[i].len_bytes;
    }
    folded = checksum_fold(sum);
    memcpy(tcp + CHECKSUM_OFF, &folded, sizeof(folded));
}

static int send_frame(struct iface *iface, const struct ip_packet *p,
                      uint8_t *ip, const uint8_t *mac)
{
    struct abi_iov iov[1 + IP_PIECES];
    uint8_t *eth = plain_ethernet(ip, iface, mac, p->dst->family == NET_V6);
    uint8_t *end = p->head + IP_HEADROOM + p->tcp_len;

    iov[0] = (struct abi_iov){(uintptr_t)eth, (uint64_t)(end - eth)};
    for (unsigned i = 0; i < p->nr; i++)
        iov[1 + i] = p->iov[i];
    return netdev_send(&iface->nd, iov, 1 + p->nr, p->cut, NULL);
}

/* The packet, or its first segment, for lwIP to keep. */
static struct pbuf *copy_packet(const struct ip_packet *p, const uint8_t *ip)
{
    uint32_t off = (uint32_t)(p->head + IP_HEADROOM + p->tcp_len - ip);
    struct pbuf *copy =
        pbuf_alloc(PBUF_LINK, (u16_t)(off + p->payload_len), PBUF_RAM);
    uint8_t *to = copy ? copy->payload : NULL;

    if (!copy)
        return NULL;
    memcpy(to, ip, off);
    for (unsigned i = 0; i < p->nr && off < copy->len; i++) {
        size_t n = LWIP_MIN(p->iov[i].len_bytes, (size_t)(copy->len - off));

        memcpy(to + off, (const void *)(uintptr_t)p->iov[i].base, n);
        off += (uint32_t)n;
    }
    return copy;
}

/* lwIP knows the neighbour or asks for it, and keeps the packet meanwhile. Of
 * a long one only the first segment goes: the rest will be sent again. */
static int send_slowly(struct iface *iface, const struct ip_packet *p,
                       const ip_addr_t *dst)
{
    struct ip_packet first = *p;
    const uint8_t *mac;
    struct pbuf *copy;

    if (p->cut)
        first.payload_len = p->cut;
    copy = copy_packet(&first, make_ip(&first));
    if (!copy)
        return 0;
    mac = next_hop_ask(iface, dst, copy);
    pbuf_free(copy);
    return mac ? send_frame(iface, p, make_ip(p), mac) : 0;
}

int ip_send(const struct ip_packet *p)
{
    struct iface *iface = p->route->impl;
    const uint8_t *mac;
    ip_addr_t dst;

    if (p->route->local)
        return tcp_loop_send(p);
    if (!(iface->nd.info.features & ABI_NET_CSUM))
        checksum(p);
    to_ip(&dst, p->dst, IPADDR_TYPE_V4);
    mac = next_hop_find(iface, &dst);
    return mac ? send_frame(iface, p, make_ip(p), mac)
               : send_slowly(iface, p, &dst);
}

void ip_kick(void)
{
    lwip_kick_later();
}

bool ip_idle(void)
{
    return devices_idle();
}
