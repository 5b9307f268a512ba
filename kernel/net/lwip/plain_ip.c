/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv4 (RFC 791) without options and IPv6 (RFC 8200) without extension headers.
 */
#include "kernel/net/lwip/plain_ip.h"

#include "kernel/net/checksum.h"
#include "kernel/net/frame_view.h"
#include "lwip/ip4.h"
#include "lwip/ip6.h"

/* ---- in ---- */

uint64_t plain_pseudo_sum(const struct net_addr *src,
                          const struct net_addr *dst, uint8_t proto,
                          uint32_t len)
{
    size_t n = src->family == NET_V6 ? 16 : 4;
    uint32_t tail[2] = {lwip_htonl(len), lwip_htonl(proto)};
    uint64_t sum = checksum_add(0, tail, sizeof(tail));

    return checksum_add(checksum_add(sum, src->ip, n), dst->ip, n);
}

bool plain_checksum_right(const struct packet_view *v)
{
    uint32_t first = v->head_len - v->ip_len;
    uint64_t sum = plain_pseudo_sum(&v->src, &v->dst, v->proto, v->len);

    if (v->csum_ok)
        return true;
    sum = checksum_add(sum, v->head + v->ip_len, first);
    sum = first & 1 ? checksum_add_odd(sum, v->tail, v->tail_len)
                    : checksum_add(sum, v->tail, v->tail_len);
    return checksum_fold(sum) == 0;
}

static bool is_mine4(const uint8_t *ip)
{
    for (unsigned i = 0; i < nr_ifaces; i++)
        if (memcmp(&netif_ip4_addr(&ifaces[i]->netif)->addr, ip, 4) == 0)
            return true;
    return false;
}

static bool is_mine6(const uint8_t *ip)
{
    for (unsigned i = 0; i < nr_ifaces; i++) {
        struct netif *n = &ifaces[i]->netif;

        for (unsigned k = 0; k < LWIP_IPV6_NUM_ADDRESSES; k++)
            if (ip6_addr_isvalid(netif_ip6_addr_state(n, k)) &&
                memcmp(netif_ip6_addr(n, k)->addr, ip, 16) == 0)
                return true;
    }
    return false;
}

static bool parse4(struct packet_view *v)
{
    const uint8_t *h = v->head;
    uint32_t total;

    if (v->head_len < IP_HLEN || h[0] != 0x45 || (h[6] & 0x3f) || h[7] ||
        checksum_ipv4(h))
        return false;
    total = (uint32_t)h[2] << 8 | h[3];
    if (total < IP_HLEN || total > v->head_len + v->tail_len || h[12] == 127 ||
        h[12] >= 224 || !h[12])
        return false;
    v->proto = h[9];
    v->ttl = h[8];
    v->tos = h[1];
    v->ip_len = IP_HLEN;
    v->len = total - IP_HLEN;
    v->src = v->dst = (struct net_addr){.family = NET_V4};
    memcpy(v->src.ip, h + 12, 4);
    memcpy(v->dst.ip, h + 16, 4);
    return is_mine4(h + 16) && !is_mine4(h + 12);
}

static uint32_t scope_of(const uint8_t *ip, const struct iface *iface)
{
    bool link_local = ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;

    return link_local ? netif_get_index(&iface->netif) : 0;
}

static bool parse6(struct packet_view *v, const struct iface *iface)
{
    const uint8_t *h = v->head;

    if (v->head_len < IP6_HLEN || h[0] >> 4 != 6 || h[8] == 0xff)
        return false;
    v->proto = h[6];
    v->ttl = h[7];
    v->tos = (uint8_t)(h[0] << 4 | h[1] >> 4);
    v->ip_len = IP6_HLEN;
    v->len = (uint32_t)h[4] << 8 | h[5];
    if (!v->len || v->len > v->head_len + v->tail_len - IP6_HLEN)
        return false;
    v->src = v->dst = (struct net_addr){.family = NET_V6};
    memcpy(v->src.ip, h + 8, 16);
    memcpy(v->dst.ip, h + 24, 16);
    v->src.scope = scope_of(h + 8, iface);
    v->dst.scope = scope_of(h + 24, iface);
    return is_mine6(h + 24) && !is_mine6(h + 8);
}

void plain_trim(struct packet_view *v, uint32_t len)
{
    uint32_t all = v->ip_len + len;

    v->len = len;
    v->head_len = LWIP_MIN(v->head_len, all);
    v->tail_len = all - v->head_len;
}

bool plain_view(struct packet_view *v, const struct iface *iface,
                const struct rx_frame *f)
{
    unsigned type = (unsigned)f->head[12] << 8 | f->head[13];

    if (memcmp(f->head, iface->netif.hwaddr, sizeof(iface->netif.hwaddr)) != 0)
        return false;
    v->head = f->head + ETH_HDR_LEN;
    v->head_len = (uint32_t)(f->head_len - ETH_HDR_LEN);
    v->tail = f->tail;
    v->tail_len = (uint32_t)f->tail_len;
    v->csum_ok = f->csum_ok;
    if (type == ETH_P_IP ? !parse4(v) : type != ETH_P_IPV6 || !parse6(v, iface))
        return false;
    plain_trim(v, v->len);
    return true;
}

/* ---- out ---- */

static uint8_t *make4(uint8_t *next, const struct plain_header *h)
{
    uint8_t *ip = next - IP_HLEN;
    uint16_t sum;

    memset(ip, 0, IP_HLEN);
    ip[0] = 0x45;
    ip[1] = h->tos;
    put16(ip + 2, IP_HLEN + h->len);
    put16(ip + 4, h->id);
    ip[6] = h->dont_fragment ? 0x40 : 0;
    ip[8] = h->ttl;
    ip[9] = h->proto;
    memcpy(ip + 12, h->src, 4);
    memcpy(ip + 16, h->dst, 4);
    sum = checksum_ipv4(ip);
    memcpy(ip + 10, &sum, sizeof(sum));
    return ip;
}

static uint8_t *make6(uint8_t *next, const struct plain_header *h)
{
    uint8_t *ip = next - IP6_HLEN;

    ip[0] = (uint8_t)(0x60 | h->tos >> 4);
    ip[1] = (uint8_t)(h->tos << 4);
    put16(ip + 2, 0);
    put16(ip + 4, h->len);
    ip[6] = h->proto;
    ip[7] = h->ttl;
    memcpy(ip + 8, h->src, 16);
    memcpy(ip + 24, h->dst, 16);
    return ip;
}

uint8_t *plain_header(uint8_t *next, const struct plain_header *h)
{
    return h->v6 ? make6(next, h) : make4(next, h);
}

uint8_t *plain_ethernet(uint8_t *ip, const struct iface *iface,
                        const uint8_t *mac, bool v6)
{
    uint8_t *eth = ip - ETH_HDR_LEN;

    memcpy(eth, mac, 6);
    memcpy(eth + 6, iface->netif.hwaddr, 6);
    put16(eth + 12, v6 ? ETH_P_IPV6 : ETH_P_IP);
    return eth;
}
