/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plain datagrams in. Those for nobody go to lwIP, which says so.
 */
#include "kernel/core/clock.h"
#include "kernel/net/frame_view.h"
#include "kernel/net/lwip/udp.h"

enum { LEN_OFF = 4, CHECKSUM_OFF = 6 };

unsigned raw_udp_sockets;

/* The headers' words on it. */
static void describe(struct packet *p, const struct packet_view *v,
                     const struct iface *iface)
{
    p->real_ns = clock_real_ns();
    p->ifindex = netif_get_index(&iface->netif);
    p->src = v->src;
    p->dst = v->dst;
    p->ttl = v->ttl;
    p->tos = v->tos;
}

/* NULL: out of memory. */
static struct packet *copy(const struct packet_view *v)
{
    uint32_t headers = v->ip_len + UDP_HDR_LEN;
    uint32_t first = v->head_len - headers;
    struct packet *p = packet_new(first + v->tail_len);

    if (!p)
        return NULL;
    memcpy(p->data, v->head + headers, first);
    if (v->tail_len)
        memcpy(p->data + first, v->tail, v->tail_len);
    return p;
}

/* RFC 8200, 8.1: no checksum is no choice with IPv6. */
static bool undamaged(const struct packet_view *v, const uint8_t *udp)
{
    if (!get16(udp + CHECKSUM_OFF))
        return v->dst.family == NET_V4;
    return plain_checksum_right(v);
}

static struct dgram *receiver(const struct packet_view *v,
                              const struct iface *iface)
{
    struct dgram *d;
    ip_addr_t src, dst;

    to_ip(&src, &v->src, IPADDR_TYPE_V6);
    to_ip(&dst, &v->dst, IPADDR_TYPE_V6);
    d = udp_table_find(&dst, v->dst.port, &src, v->src.port,
                       netif_get_index(&iface->netif));
    return d ? udp_table_pick(d, &src, v->src.port) : NULL;
}

bool udp_take_packet(const struct iface *iface, struct packet_view *v)
{
    const uint8_t *udp = v->head + v->ip_len;
    struct packet *p;
    struct dgram *d;
    uint32_t len;

    if (raw_udp_sockets || v->head_len - v->ip_len < UDP_HDR_LEN)
        return false;
    v->src.port = get16(udp);
    v->dst.port = get16(udp + 2);
    d = receiver(v, iface);
    if (!d)
        return false;
    len = get16(udp + LEN_OFF);
    if (len < UDP_HDR_LEN || len > v->len)
        return true;
    plain_trim(v, len);
    if (!undamaged(v, udp))
        return true;
    if (!dgram_has_room(d)) {
        net_counters.udp_receive_full++;
        return true;
    }
    p = copy(v);
    if (p) {
        describe(p, v, iface);
        dgram_queue(d, p);
    }
    return true;
}
