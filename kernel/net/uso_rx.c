/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Received frames of several datagrams (virtio 1.2, 5.1.6.4, the gso_type of
 * UDP segmentation): each but the last has hdr.gso_size bytes. They are cut
 * here, so that nobody above needs to know.
 */
#include "kernel/core/alloc.h"
#include "kernel/net/checksum.h"
#include "kernel/net/frame_view.h"
#include "kernel/net/netdev_priv.h"
#include "lib/string.h"

/* [off, off + len) of the frame. */
static void copy(uint8_t *to, const struct rx_frame *f, size_t off, size_t len)
{
    size_t first = off < f->head_len ? f->head_len - off : 0;

    if (first > len)
        first = len;
    if (first)
        memcpy(to, f->head + off, first);
    if (len > first)
        memcpy(to + first, f->tail + (off + first - f->head_len), len - first);
}

/* Lengths, and IPv4's identification, of the nr-th one. */
static void fix_headers(uint8_t *frame, const struct frame_view *v,
                        unsigned len, unsigned nr)
{
    uint8_t *ip = frame + ETH_HDR_LEN, *udp = ip + v->ip_len;
    uint16_t sum;

    put16(udp + 4, UDP_HDR_LEN + len);
    if (v->v6) {
        put16(ip + 4, UDP_HDR_LEN + len);
        return;
    }
    put16(ip + 2, v->ip_len + UDP_HDR_LEN + len);
    put16(ip + 4, get16(ip + 4) + nr);
    put16(ip + 10, 0);
    sum = checksum_fold(checksum_add(0, ip, v->ip_len));
    memcpy(ip + 10, &sum, sizeof(sum));
}

bool uso_receive(struct netdev *nd, const struct rx_frame *f, unsigned each)
{
    struct frame_view v = frame_view(f->head, (unsigned)f->head_len);
    unsigned headers = ETH_HDR_LEN + v.ip_len + UDP_HDR_LEN, nr = 0;
    size_t all = f->head_len + f->tail_len;
    uint8_t *frame;

    if (v.proto != PROTO_UDP || !v.l4_len || !each || all <= headers)
        return false;
    frame = kmalloc(headers + each);
    if (!frame)
        return false;
    for (size_t off = headers; off < all; off += each, nr++) {
        unsigned len = (unsigned)(all - off < each ? all - off : each);
        struct rx_frame one = {
            .head = frame, .head_len = headers + len, .csum_ok = true};

        memcpy(frame, f->head, headers);
        copy(frame + headers, f, off, len);
        fix_headers(frame, &v, len, nr);
        nd->stats.rx_packets++;
        nd->ops->receive(nd->arg, &one);
    }
    kfree(frame);
    return true;
}
