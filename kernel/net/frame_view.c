/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ethernet, IPv4 (RFC 791) or IPv6 without extension headers, TCP or UDP.
 */
#include "kernel/net/frame_view.h"

#include "kernel/net/netdev.h"

static void parse_l4(struct frame_view *v)
{
    unsigned off = ETH_HDR_LEN + v->ip_len;

    if (v->proto == PROTO_TCP && v->len >= off + 20) {
        v->l4_len = (v->p[off + 12] >> 4) * 4u;
        if (v->l4_len < 20 || v->len < off + v->l4_len)
            v->l4_len = 0;
    } else if (v->proto == PROTO_UDP && v->len >= off + 8) {
        v->l4_len = 8;
    }
}

struct frame_view frame_view(const uint8_t *p, unsigned len)
{
    struct frame_view v = {.p = p, .len = len};
    unsigned type = len >= ETH_HDR_LEN ? get16(p + 12) : 0;

    if (type == ETH_P_IP && len >= ETH_HDR_LEN + 20) {
        v.ip_len = (p[ETH_HDR_LEN] & 15) * 4u;
        v.proto = p[ETH_HDR_LEN + 9];
        if (get16(p + ETH_HDR_LEN + 6) & 0x3fff) /* a fragment */
            v.proto = 0;
    } else if (type == ETH_P_IPV6 && len >= ETH_HDR_LEN + 40) {
        v.v6 = true;
        v.ip_len = 40;
        v.proto = p[ETH_HDR_LEN + 6];
    }
    if (v.ip_len && len >= ETH_HDR_LEN + v.ip_len)
        parse_l4(&v);
    return v;
}
