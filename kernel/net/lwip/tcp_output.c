/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP's packets out: routes and neighbours are lwIP's, the frame is made here
 * and goes straight to the device, up to 64 KiB at a time. A neighbour is
 * looked up once a second; while it is not known lwIP queues for it.
 */
#include <linux/errno.h>

#include "kernel/core/clock.h"
#include "kernel/net/checksum.h"
#include "kernel/net/lwip/tcp_glue.h"
#include "lwip/etharp.h"
#include "lwip/ip4.h"
#include "lwip/ip6.h"
#include "lwip/nd6.h"

enum {
    PROTO_TCP = 6,
    LOOP_MTU = 65535,
    IP_V4_LEN = 20,
    IP_V6_LEN = 40,
    CHECKSUM_OFF = 16,
    NEIGHBOURS = 64,
};

/* Asked for again so often, before lwIP forgets it (300 s). */
#define ASK_NS (120 * NSEC_PER_SEC)

struct neighbour {
    ip_addr_t ip;
    struct netif *netif; /* NULL: unused */
    uint64_t fresh_until_ns, ask_at_ns;
    uint8_t mac[6];
};

static struct neighbour neighbours[NEIGHBOURS];

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

/* ---- neighbours ---- */

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

/* Where a packet to dst goes; NULL: not known (yet). */
static const uint8_t *neighbour_of(struct iface *iface, const ip_addr_t *dst)
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
        return NULL; /* see send_slowly() */
    n->fresh_until_ns = now + NSEC_PER_SEC;
    return n->mac;
}

/* ---- packets ---- */

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static uint8_t *make_v4(const struct ip_packet *p, uint32_t len)
{
    uint8_t *ip = p->head + IP_HEADROOM - IP_V4_LEN;
    uint16_t sum;

    memset(ip, 0, IP_V4_LEN);
    ip[0] = 0x45;
    ip[1] = p->tos;
    put16(ip + 2, IP_V4_LEN + len);
    ip[6] = 0x40; /* do not fragment: path MTU discovery (RFC 1191) */
    ip[8] = p->ttl;
    ip[9] = PROTO_TCP;
    memcpy(ip + 12, p->src->ip, 4);
    memcpy(ip + 16, p->dst->ip, 4);
    sum = checksum_fold(checksum_add(0, ip, IP_V4_LEN));
    memcpy(ip + 10, &sum, sizeof(sum));
    return ip;
}

static uint8_t *make_v6(const struct ip_packet *p, uint32_t len)
{
    uint8_t *ip = p->head + IP_HEADROOM - IP_V6_LEN;

    memset(ip, 0, IP_V6_LEN);
    ip[0] = (uint8_t)(0x60 | p->tos >> 4);
    ip[1] = (uint8_t)(p->tos << 4);
    put16(ip + 4, len);
    ip[6] = PROTO_TCP;
    ip[7] = p->ttl;
    memcpy(ip + 8, p->src->ip, 16);
    memcpy(ip + 24, p->dst->ip, 16);
    return ip;
}

/* The IP header, in front of TCP's. */
static uint8_t *make_ip(const struct ip_packet *p)
{
    uint32_t len = p->tcp_len + p->payload_len;

    return p->dst->family == NET_V6 ? make_v6(p, len) : make_v4(p, len);
}

/* For devices that leave it to us. */
static void checksum(const struct ip_packet *p)
{
    uint8_t *tcp = p->head + IP_HEADROOM;
    uint64_t sum = tcp_pseudo_sum(p->src, p->dst, p->tcp_len + p->payload_len);
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
    uint8_t *eth = ip - ETH_HDR_LEN;
    uint8_t *end = p->head + IP_HEADROOM + p->tcp_len;

    memcpy(eth, mac, 6);
    memcpy(eth + 6, iface->netif.hwaddr, 6);
    put16(eth + 12, p->dst->family == NET_V6 ? ETH_P_IPV6 : ETH_P_IP);
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
    struct netif *netif = &iface->netif;
    struct ip_packet first = *p;
    const u8_t *mac = NULL;
    struct pbuf *copy;
    uint8_t *ip;
    int err = 0;

    if (p->cut)
        first.payload_len = p->cut;
    ip = make_ip(&first);
    copy = copy_packet(&first, ip);
    if (!copy)
        return 0;
    if (IP_IS_V4(dst)) {
        netif->output(netif, copy, ip_2_ip4(dst));
    } else if (nd6_get_next_hop_addr_or_queue(netif, copy, ip_2_ip6(dst),
                                              &mac) == ERR_OK &&
               mac) {
        struct neighbour *n = slot(netif, dst);

        memcpy(n->mac, mac, sizeof(n->mac));
        n->fresh_until_ns = clock_mono_ns() + NSEC_PER_SEC;
        err = send_frame(iface, p, make_ip(p), n->mac);
    }
    pbuf_free(copy);
    return err;
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
    mac = neighbour_of(iface, &dst);
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
