/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Headers of frames on their way out: joins consecutive TCP segments of one
 * connection into one large frame that the device cuts again (virtio 1.2,
 * 5.1.6.2; the rules are those of Linux's TSO: all segments but the last
 * equally long, FIN and PSH on the last), and prepares partial checksums.
 */
#include <linux/errno.h>

#include "kernel/net/netdev_priv.h"
#include "lib/string.h"

enum {
    PROTO_TCP = 6,
    PROTO_UDP = 17,
    TCP_FIN = 1,
    TCP_SYN = 2,
    TCP_RST = 4,
    TCP_PSH = 8,
    TCP_ACK = 16,
    TCP_URG = 32,
    CHECKSUM_OFF_TCP = 16,
    CHECKSUM_OFF_UDP = 6,
};

/* Where things are in one Ethernet frame; all in its first piece. */
struct view {
    const uint8_t *p; /* Ethernet header */
    unsigned len;     /* of the first piece */
    unsigned ip_len;  /* IP header, 0: not IP */
    unsigned l4_len;  /* TCP header, 8 for UDP, 0: something else */
    uint8_t proto;
    bool v6;
};

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void parse_l4(struct view *v)
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

static struct view parse(const uint8_t *p, unsigned len)
{
    struct view v = {.p = p, .len = len};
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

/* Payload pieces of iov behind `skip` bytes, appended to f; those that touch
 * in memory become one. False: no room (f is unchanged). */
static bool add_payload(struct tx_frame *f, const struct abi_iov *iov,
                        unsigned nr, unsigned skip)
{
    unsigned nr_iov = f->nr_iov, len = f->payload_len;
    uint64_t last_len = f->iov[nr_iov - 1].len_bytes;

    for (unsigned i = 0; i < nr; i++) {
        unsigned cut = i == 0 ? skip : 0;
        uint64_t base = iov[i].base + cut, n = iov[i].len_bytes - cut;
        struct abi_iov *last = &f->iov[f->nr_iov - 1];

        if (!n)
            continue;
        if (f->nr_iov > 1 && last->base + last->len_bytes == base) {
            last->len_bytes += n;
        } else if (f->nr_iov < TX_IOV_MAX) {
            f->iov[f->nr_iov++] = (struct abi_iov){base, n};
        } else {
            f->nr_iov = nr_iov;
            f->payload_len = len;
            f->iov[nr_iov - 1].len_bytes = last_len;
            return false;
        }
        f->payload_len += (unsigned)n;
    }
    return true;
}

int gso_begin(struct tx_frame *f, const struct abi_iov *iov, unsigned nr)
{
    struct view v = parse((const uint8_t *)(uintptr_t)iov[0].base,
                          (unsigned)iov[0].len_bytes);
    bool tcp = v.proto == PROTO_TCP && v.l4_len;
    unsigned headers = tcp ? ETH_HDR_LEN + v.ip_len + v.l4_len : v.len;
    uint8_t flags = tcp ? v.p[ETH_HDR_LEN + v.ip_len + 13] : 0;

    if (headers > TX_HEADERS_MAX)
        headers = TX_HEADERS_MAX;
    memcpy(f->headers, v.p, headers);
    f->headers_len = headers;
    f->iov[0].base = (uintptr_t)&f->vnet;
    f->iov[0].len_bytes = sizeof(f->vnet) + headers;
    f->nr_iov = 1;
    f->nr_tokens = 0;
    f->payload_len = 0;
    f->nr_segs = 1;
    f->finished = false;
    if (!add_payload(f, iov, nr, headers))
        return -ENOBUFS;
    f->v6 = v.v6;
    f->ip_len = (uint16_t)v.ip_len;
    f->tcp_len = tcp ? (uint16_t)v.l4_len : 0;
    f->first_len = f->payload_len;
    f->growable = tcp && f->payload_len && (flags & ~TCP_PSH) == TCP_ACK;
    f->open = f->growable && !(flags & TCP_PSH);
    if (tcp)
        f->next_seq = get32(v.p + ETH_HDR_LEN + v.ip_len + 4) + f->payload_len;
    return 0;
}

void gso_cut(struct tx_frame *f, uint32_t cut)
{
    f->first_len = cut;
    f->nr_segs = (f->payload_len + cut - 1) / cut;
    if (f->payload_len % cut)
        f->open = false;
}

/* Same connection, same everything but sequence number, lengths, IPv4
 * identification, checksums and flags? */
static bool same_flow(const struct tx_frame *f, const struct view *v)
{
    const uint8_t *a = f->headers + ETH_HDR_LEN, *b = v->p + ETH_HDR_LEN;
    const uint8_t *ta = a + f->ip_len, *tb = b + f->ip_len;

    if (memcmp(f->headers, v->p, ETH_HDR_LEN) != 0)
        return false;
    if (f->v6 ? memcmp(a, b, 4) != 0 || memcmp(a + 6, b + 6, 34) != 0
              : memcmp(a, b, 2) != 0 || memcmp(a + 6, b + 6, 4) != 0 ||
                    memcmp(a + 12, b + 12, f->ip_len - 12u) != 0)
        return false;
    return memcmp(ta, tb, 4) == 0 && memcmp(ta + 8, tb + 8, 5) == 0 &&
           memcmp(ta + 14, tb + 14, 2) == 0 &&
           memcmp(ta + 18, tb + 18, f->tcp_len - 18u) == 0;
}

/* A FIN without data becomes a flag of the last segment. */
static bool join_fin(struct tx_frame *f)
{
    f->headers[ETH_HDR_LEN + f->ip_len + 13] |= TCP_FIN;
    f->next_seq++;
    f->open = f->growable = false;
    return true;
}

bool gso_join(struct tx_frame *f, const struct abi_iov *iov, unsigned nr)
{
    struct view v;
    uint8_t *tcp = f->headers + ETH_HDR_LEN + f->ip_len;
    unsigned headers, len = 0;
    uint8_t flags;

    if (!f->growable || f->nr_tokens == TX_IOV_MAX)
        return false;
    v = parse((const uint8_t *)(uintptr_t)iov[0].base,
              (unsigned)iov[0].len_bytes);
    if (v.proto != PROTO_TCP || v.v6 != f->v6 || v.ip_len != f->ip_len ||
        v.l4_len != f->tcp_len || !v.l4_len)
        return false;
    headers = ETH_HDR_LEN + v.ip_len + v.l4_len;
    flags = v.p[ETH_HDR_LEN + v.ip_len + 13];
    for (unsigned i = 0; i < nr; i++)
        len += (unsigned)iov[i].len_bytes;
    len -= headers;
    if ((flags & (TCP_SYN | TCP_RST | TCP_URG)) ||
        get32(v.p + ETH_HDR_LEN + v.ip_len + 4) != f->next_seq ||
        !same_flow(f, &v))
        return false;
    if (!len)
        return (flags & TCP_FIN) && join_fin(f);
    if (!f->open || len > f->first_len ||
        f->ip_len + f->tcp_len + f->payload_len + len > IP_LEN_MAX ||
        !add_payload(f, iov, nr, headers))
        return false;
    tcp[13] |= flags;
    f->next_seq += len;
    f->nr_segs++;
    f->open = len == f->first_len && !(flags & (TCP_PSH | TCP_FIN));
    f->growable = !(flags & TCP_FIN);
    return true;
}

static uint32_t sum_words(uint32_t sum, const uint8_t *p, unsigned len)
{
    for (unsigned i = 0; i + 1 < len; i += 2)
        sum += get16(p + i);
    return sum;
}

static uint16_t fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static void finish_ip(struct tx_frame *f)
{
    uint8_t *ip = f->headers + ETH_HDR_LEN;
    unsigned len = f->tcp_len + f->payload_len;

    if (f->v6) {
        put16(ip + 4, len);
        return;
    }
    put16(ip + 2, f->ip_len + len);
    put16(ip + 10, 0);
    put16(ip + 10, (uint16_t)~fold(sum_words(0, ip, f->ip_len)));
}

/* Pseudo-header (RFC 9293, 3.1; RFC 8200, 8.1) into the checksum field. */
static void partial_checksum(struct tx_frame *f, const struct view *v,
                             unsigned field_off)
{
    uint8_t *ip = f->headers + ETH_HDR_LEN;
    unsigned start = ETH_HDR_LEN + v->ip_len;
    unsigned len = f->headers_len + f->payload_len - start;
    uint32_t sum = v->proto + len;

    sum = v->v6 ? sum_words(sum, ip + 8, 32) : sum_words(sum, ip + 12, 8);
    put16(f->headers + start + field_off, fold(sum));
    f->vnet.flags = VNET_NEEDS_CSUM;
    f->vnet.csum_start = (uint16_t)start;
    f->vnet.csum_offset = (uint16_t)field_off;
}

void gso_finish(struct tx_frame *f, bool csum)
{
    struct view v = parse(f->headers, f->headers_len);

    if (f->finished)
        return;
    f->finished = true;
    f->open = f->growable = false;
    memset(&f->vnet, 0, sizeof(f->vnet));
    if (f->nr_segs > 1) {
        finish_ip(f);
        f->vnet.gso_type = f->v6 ? VNET_GSO_TCPV6 : VNET_GSO_TCPV4;
        f->vnet.gso_size = (uint16_t)f->first_len;
        f->vnet.hdr_len = (uint16_t)f->headers_len;
    }
    if (!csum || !v.l4_len)
        return;
    if (v.proto == PROTO_TCP)
        partial_checksum(f, &v, CHECKSUM_OFF_TCP);
    else if (get16(v.p + ETH_HDR_LEN + v.ip_len + CHECKSUM_OFF_UDP) == 0)
        partial_checksum(f, &v, CHECKSUM_OFF_UDP);
}
