/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plain datagrams out: headers are made in front of the data, where it lies,
 * and the device adds the checksum.
 */
#include <linux/errno.h>
#include <linux/in.h>

#include "kernel/net/frame_view.h"
#include "kernel/net/lwip/next_hop.h"
#include "kernel/net/lwip/udp.h"
#include "lwip/ip4.h"
#include "lwip/ip6.h"
#include "lwip/nd6.h"

enum { V6_MTU_MIN = 1280 }; /* any way takes so much: RFC 8200, 5 */

static uint16_t last_id; /* of datagrams that may be cut on their way */

static bool fits(const struct packet *p, const struct udp_way *w)
{
    bool v6 = IP_IS_V6(w->dst);
    size_t len = p->len_bytes + UDP_HDR_LEN + (v6 ? IP6_HLEN : IP_HLEN);

    if (v6 && len > V6_MTU_MIN)
        return len <= nd6_get_destination_mtu(ip_2_ip6(w->dst), w->netif);
    return len <= w->netif->mtu;
}

bool udp_is_plain(const struct packet *p, const struct udp_way *w)
{
    const struct iface *iface = w->netif->state;
    const ip_addr_t *dst = w->dst;

    if (!iface || w->netif->name[0] == 'l' ||
        !(iface->nd.info.features & ABI_NET_CSUM) || !fits(p, w))
        return false;
    if (IP_IS_V6(dst) && ip6_addr_lacks_zone(ip_2_ip6(dst), IP6_UNICAST))
        return false;
    return !ip_addr_ismulticast(dst) && !ip_addr_isbroadcast(dst, w->netif) &&
           !ip_is_local(dst);
}

static const void *bytes(const ip_addr_t *ip)
{
    return IP_IS_V4(ip) ? &ip_2_ip4(ip)->addr : ip_2_ip6(ip)->addr;
}

/* Both headers; where IP's begins. */
static uint8_t *make_headers(const struct dgram *d, const struct packet *p,
                             const struct udp_way *w)
{
    struct plain_header h = {
        .src = bytes(w->src),
        .dst = bytes(w->dst),
        .v6 = IP_IS_V6(w->dst),
        .dont_fragment = ip4_dont_fragment,
        .proto = PLAIN_UDP,
        .ttl = d->udp->ttl,
        .tos = d->udp->tos,
        .len = (uint32_t)p->len_bytes + UDP_HDR_LEN,
    };
    uint8_t *udp = p->data - UDP_HDR_LEN;

    if (!h.dont_fragment)
        h.id = ++last_id;
    put16(udp, d->udp->local_port);
    put16(udp + 2, w->port);
    put16(udp + 4, h.len);
    put16(udp + 6, 0);
    return plain_header(udp, &h);
}

int udp_send_plain(const struct dgram *d, struct packet *p,
                   const struct udp_way *w)
{
    struct iface *iface = w->netif->state;
    uint8_t *ip = make_headers(d, p, w), *eth;
    const uint8_t *mac = next_hop_find(iface, w->dst);
    struct pbuf *q = p->impl;
    struct abi_iov iov;

    if (!mac) {
        pbuf_add_header(q, (size_t)(p->data - ip));
        mac = next_hop_ask(iface, w->dst, q);
    }
    if (!mac)
        return 0;
    eth = plain_ethernet(ip, iface, mac, IP_IS_V6(w->dst));
    iov.base = (uintptr_t)eth;
    iov.len_bytes = (uint64_t)(p->data - eth) + p->len_bytes;
    pbuf_ref(q);
    if (netdev_send(&iface->nd, &iov, 1, 0, q) == 0)
        return 0;
    pbuf_free(q);
    return -ENOBUFS;
}
