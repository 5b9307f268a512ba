/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP out of received frames. Plain packets for one of our addresses take the
 * short way; what lwIP must look at first (IP options, fragments) comes back
 * through a raw pcb.
 */
#include "kernel/core/alloc.h"
#include "kernel/core/log.h"
#include "kernel/net/lwip/tcp_glue.h"
#include "lwip/ip4.h"
#include "lwip/ip6.h"
#include "lwip/raw.h"

enum { TCP_MIN = 20 };

unsigned raw_tcp_sockets;

/* False: damaged. */
static bool hand_on(struct segment *seg, const struct packet_view *v)
{
    const uint8_t *tcp = v->head + v->ip_len;
    uint32_t first = v->head_len - v->ip_len, header;

    if (first < TCP_MIN)
        return false;
    header = (tcp[12] >> 4) * 4u;
    if (header < TCP_MIN || header > first || !plain_checksum_right(v))
        return false;
    seg->src = v->src;
    seg->dst = v->dst;
    seg->part[0] = tcp + header;
    seg->part_len[0] = first - header;
    seg->part[1] = v->tail;
    seg->part_len[1] = v->tail_len;
    tcp_receive(seg, tcp, header);
    return true;
}

/* ---- frames ---- */

struct frame_ref {
    struct iface *iface;
    struct rx_frame *frame;
};

/* A device's buffer that a receiver keeps. */
struct kept_buf {
    struct rx_buf buf;
    struct netdev *nd;
    void *memory;
};

static void release(struct rx_buf *b)
{
    struct kept_buf *k = container_of(b, struct kept_buf, buf);

    netdev_free_tail(k->nd, k->memory);
    kfree(k);
}

static struct rx_buf *take(struct segment *seg)
{
    struct frame_ref *ref = seg->take_arg;
    struct kept_buf *k = kmalloc(sizeof(*k));
    void *memory = ref->frame->tail;

    if (!k || !netdev_take_tail(&ref->iface->nd, ref->frame)) {
        kfree(k);
        return NULL;
    }
    k->nd = &ref->iface->nd;
    k->memory = memory;
    k->buf = (struct rx_buf){
        .len = seg->part_len[1],
        .cost = ABI_NET_FRAME_MAX,
        .data = seg->part[1],
        .release = release,
    };
    return &k->buf;
}

bool tcp_take_packet(struct iface *iface, struct rx_frame *f,
                     const struct packet_view *v)
{
    struct frame_ref ref = {.iface = iface, .frame = f};
    struct segment seg = {.take = take, .take_arg = &ref};

    if (raw_tcp_sockets)
        return false;
    hand_on(&seg, v);
    return true;
}

/* ---- what went through lwIP ---- */

/* Addresses have been checked by lwIP. */
static u8_t on_raw(void *arg, struct raw_pcb *pcb, struct pbuf *p,
                   const ip_addr_t *src)
{
    struct segment seg = {.take = NULL};
    struct packet_view v = {
        .proto = PLAIN_TCP,
        .head_len = p->tot_len,
        .ip_len = ip_current_header_tot_len(),
    };
    uint8_t *copy;

    (void)arg;
    (void)pcb;
    if (p->tot_len < v.ip_len || ip_addr_ismulticast(ip_current_dest_addr()))
        return 0;
    copy = kmalloc(p->tot_len);
    if (copy) {
        v.head = v.tail = copy;
        v.len = v.head_len - v.ip_len;
        pbuf_copy_partial(p, copy, p->tot_len, 0);
        from_ip(&v.src, src, 0);
        from_ip(&v.dst, ip_current_dest_addr(), 0);
        hand_on(&seg, &v);
        kfree(copy);
    }
    pbuf_free(p);
    return 1;
}

void tcp_glue_init(void)
{
    struct raw_pcb *v4 = raw_new_ip_type(IPADDR_TYPE_V4, PLAIN_TCP);
    struct raw_pcb *v6 = raw_new_ip_type(IPADDR_TYPE_V6, PLAIN_TCP);

    if (!v4 || !v6)
        panic("net: out of memory");
    raw_recv(v4, on_raw, NULL);
    raw_recv(v6, on_raw, NULL);
}
