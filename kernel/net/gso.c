/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Headers of frames on their way out: joins consecutive TCP segments of one
 * connection into one large frame that the device cuts again (virtio 1.2,
 * 5.1.6.2; the rules are those of Linux's TSO: all segments but the last
 * equally long, FIN and PSH on the last), or datagrams between two UDP ports
 * (all but the last equally long); and prepares partial checksums.
 */
#include <linux/errno.h>

#include "kernel/net/frame_view.h"
#include "kernel/net/netdev_priv.h"
#include "lib/string.h"

enum {
    TCP_FIN = 1,
    TCP_SYN = 2,
    TCP_RST = 4,
    TCP_PSH = 8,
    TCP_ACK = 16,
    TCP_URG = 32,
    CHECKSUM_OFF_TCP = 16,
    CHECKSUM_OFF_UDP = 6,
    UDP_LEN_OFF = 4,
    NR_DATAGRAMS_MAX = 60, /* Linux takes 64 */
};

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

/* Its checksum is the device's task: then so is cutting. */
static bool udp_without_checksum(const struct frame_view *v)
{
    return v->proto == PROTO_UDP && v->l4_len &&
           get16(v->p + ETH_HDR_LEN + v->ip_len + CHECKSUM_OFF_UDP) == 0;
}

int gso_begin(struct tx_frame *f, const struct abi_iov *iov, unsigned nr)
{
    struct frame_view v = frame_view((const uint8_t *)(uintptr_t)iov[0].base,
                                     (unsigned)iov[0].len_bytes);
    bool tcp = v.proto == PROTO_TCP && v.l4_len;
    bool udp = udp_without_checksum(&v);
    unsigned headers = tcp || udp ? ETH_HDR_LEN + v.ip_len + v.l4_len : v.len;
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
    f->udp = udp;
    f->l4_len = tcp || udp ? (uint16_t)v.l4_len : 0;
    f->first_len = f->payload_len;
    f->growable = tcp && f->payload_len && (flags & ~TCP_PSH) == TCP_ACK;
    f->open = f->growable && !(flags & TCP_PSH);
    if (udp)
        f->growable = f->open = f->payload_len != 0;
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

/* Ethernet and IP headers differ in lengths, IPv4 identification and
 * checksums at most. */
static bool same_ip(const struct tx_frame *f, const struct frame_view *v)
{
    const uint8_t *a = f->headers + ETH_HDR_LEN, *b = v->p + ETH_HDR_LEN;

    if (memcmp(f->headers, v->p, ETH_HDR_LEN) != 0)
        return false;
    if (f->v6)
        return memcmp(a, b, 4) == 0 && memcmp(a + 6, b + 6, 34) == 0;
    return memcmp(a, b, 2) == 0 && memcmp(a + 6, b + 6, 4) == 0 &&
           memcmp(a + 12, b + 12, f->ip_len - 12u) == 0;
}

/* The same of TCP's, but for sequence number and flags. */
static bool same_tcp(const struct tx_frame *f, const struct frame_view *v)
{
    const uint8_t *a = f->headers + ETH_HDR_LEN + f->ip_len;
    const uint8_t *b = v->p + ETH_HDR_LEN + f->ip_len;

    return memcmp(a, b, 4) == 0 && memcmp(a + 8, b + 8, 5) == 0 &&
           memcmp(a + 14, b + 14, 2) == 0 &&
           memcmp(a + 18, b + 18, f->l4_len - 18u) == 0;
}

/* A FIN without data becomes a flag of the last segment. */
static bool join_fin(struct tx_frame *f)
{
    f->headers[ETH_HDR_LEN + f->ip_len + 13] |= TCP_FIN;
    f->next_seq++;
    f->open = f->growable = false;
    return true;
}

static bool join_tcp(struct tx_frame *f, const struct frame_view *v,
                     const struct abi_iov *iov, unsigned nr, unsigned len)
{
    const uint8_t *next = v->p + ETH_HDR_LEN + v->ip_len;
    uint8_t *tcp = f->headers + ETH_HDR_LEN + f->ip_len, flags = next[13];

    if ((flags & (TCP_SYN | TCP_RST | TCP_URG)) ||
        get32(next + 4) != f->next_seq || !same_tcp(f, v))
        return false;
    if (!len)
        return (flags & TCP_FIN) && join_fin(f);
    if (!f->open || len > f->first_len ||
        !add_payload(f, iov, nr, f->headers_len))
        return false;
    tcp[13] |= flags;
    f->next_seq += len;
    f->nr_segs++;
    f->open = len == f->first_len && !(flags & (TCP_PSH | TCP_FIN));
    f->growable = !(flags & TCP_FIN);
    return true;
}

static bool join_udp(struct tx_frame *f, const struct frame_view *v,
                     const struct abi_iov *iov, unsigned nr, unsigned len)
{
    const uint8_t *ports = f->headers + ETH_HDR_LEN + f->ip_len;

    if (!udp_without_checksum(v) || !len || len > f->first_len ||
        f->nr_segs == NR_DATAGRAMS_MAX ||
        memcmp(ports, v->p + ETH_HDR_LEN + v->ip_len, 4) != 0 ||
        !add_payload(f, iov, nr, f->headers_len))
        return false;
    f->nr_segs++;
    f->open = f->growable = len == f->first_len;
    return true;
}

bool gso_join(struct tx_frame *f, const struct abi_iov *iov, unsigned nr)
{
    struct frame_view v;
    unsigned len = 0;

    if (!f->growable || f->nr_tokens == TX_IOV_MAX)
        return false;
    v = frame_view((const uint8_t *)(uintptr_t)iov[0].base,
                   (unsigned)iov[0].len_bytes);
    if (v.proto != (f->udp ? PROTO_UDP : PROTO_TCP) || v.v6 != f->v6 ||
        v.ip_len != f->ip_len || v.l4_len != f->l4_len || !same_ip(f, &v))
        return false;
    for (unsigned i = 0; i < nr; i++)
        len += (unsigned)iov[i].len_bytes;
    len -= f->headers_len;
    if (f->ip_len + f->l4_len + f->payload_len + len > IP_LEN_MAX)
        return false;
    return f->udp ? join_udp(f, &v, iov, nr, len)
                  : join_tcp(f, &v, iov, nr, len);
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
    unsigned len = f->l4_len + f->payload_len;

    if (f->udp)
        put16(ip + f->ip_len + UDP_LEN_OFF, len);
    if (f->v6) {
        put16(ip + 4, len);
        return;
    }
    put16(ip + 2, f->ip_len + len);
    put16(ip + 10, 0);
    put16(ip + 10, (uint16_t)~fold(sum_words(0, ip, f->ip_len)));
}

/* Pseudo-header (RFC 9293, 3.1; RFC 8200, 8.1) into the checksum field. */
static void partial_checksum(struct tx_frame *f, const struct frame_view *v,
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
    struct frame_view v = frame_view(f->headers, f->headers_len);

    if (f->finished)
        return;
    f->finished = true;
    f->open = f->growable = false;
    memset(&f->vnet, 0, sizeof(f->vnet));
    if (f->nr_segs > 1) {
        finish_ip(f);
        f->vnet.gso_type = f->udp  ? VNET_GSO_UDP_L4
                           : f->v6 ? VNET_GSO_TCPV6
                                   : VNET_GSO_TCPV4;
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
