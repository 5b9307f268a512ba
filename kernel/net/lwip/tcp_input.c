/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP out of received frames. Plain packets for one of our addresses take the
 * short way; what lwIP must look at first (IP options, fragments) comes back
 * through a raw pcb.
 */
#include "kernel/core/alloc.h"
#include "kernel/core/log.h"
#include "kernel/net/checksum.h"
#include "kernel/net/lwip/tcp_glue.h"
#include "lwip/ip4.h"
#include "lwip/ip6.h"
#include "lwip/raw.h"

enum { PROTO_TCP = 6, TCP_MIN = 20 };

unsigned raw_tcp_sockets;

/* A packet in up to two pieces; headers are in the first. */
struct packet_view {
    const uint8_t *head;
    uint32_t head_len;
    const uint8_t *tail;
    uint32_t tail_len;
    uint32_t ip_len; /* header */
    uint32_t len;    /* of what IP carries */
    bool csum_ok;
};

uint64_t tcp_pseudo_sum(const struct net_addr *src, const struct net_addr *dst,
                        uint32_t len)
{
    size_t n = src->family == NET_V6 ? 16 : 4;
    uint32_t tail[2] = {lwip_htonl(len), PP_HTONL(PROTO_TCP)};
    uint64_t sum = checksum_add(0, tail, sizeof(tail));

    return checksum_add(checksum_add(sum, src->ip, n), dst->ip, n);
}

static bool checksum_right(const struct segment *seg,
                           const struct packet_view *v)
{
    uint32_t first = v->head_len - v->ip_len;
    uint64_t sum = tcp_pseudo_sum(&seg->src, &seg->dst, v->len);

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

/* A plain IPv4 header with a right checksum? Fills in addresses and lengths. */
static bool parse4(struct segment *seg, struct packet_view *v)
{
    const uint8_t *h = v->head;
    uint32_t total;

    if (v->head_len < IP_HLEN || h[0] != 0x45 || h[9] != PROTO_TCP ||
        (h[6] & 0x3f) || h[7] || checksum_fold(checksum_add(0, h, IP_HLEN)))
        return false;
    total = (uint32_t)h[2] << 8 | h[3];
    if (total < IP_HLEN || total > v->head_len + v->tail_len || h[12] == 127 ||
        h[12] >= 224 || !h[12])
        return false;
    v->ip_len = IP_HLEN;
    v->len = total - IP_HLEN;
    seg->src.family = seg->dst.family = NET_V4;
    memcpy(seg->src.ip, h + 12, 4);
    memcpy(seg->dst.ip, h + 16, 4);
    return is_mine4(h + 16) && !is_mine4(h + 12);
}

static uint32_t scope_of(const uint8_t *ip, const struct iface *iface)
{
    bool link_local = ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;

    return link_local ? netif_get_index(&iface->netif) : 0;
}

static bool parse6(struct segment *seg, struct packet_view *v,
                   const struct iface *iface)
{
    const uint8_t *h = v->head;

    if (v->head_len < IP6_HLEN || h[0] >> 4 != 6 || h[6] != PROTO_TCP ||
        h[8] == 0xff)
        return false;
    v->ip_len = IP6_HLEN;
    v->len = (uint32_t)h[4] << 8 | h[5];
    if (!v->len || v->len > v->head_len + v->tail_len - IP6_HLEN)
        return false;
    seg->src.family = seg->dst.family = NET_V6;
    memcpy(seg->src.ip, h + 8, 16);
    memcpy(seg->dst.ip, h + 24, 16);
    seg->src.scope = scope_of(h + 8, iface);
    seg->dst.scope = scope_of(h + 24, iface);
    return is_mine6(h + 24) && !is_mine6(h + 8);
}

/* Padding behind the packet is not part of it. */
static void trim(struct packet_view *v)
{
    uint32_t all = v->ip_len + v->len;

    v->head_len = LWIP_MIN(v->head_len, all);
    v->tail_len = all - v->head_len;
}

/* False: damaged. */
static bool hand_on(struct segment *seg, const struct packet_view *v)
{
    const uint8_t *tcp = v->head + v->ip_len;
    uint32_t first = v->head_len - v->ip_len, header;

    if (first < TCP_MIN)
        return false;
    header = (tcp[12] >> 4) * 4u;
    if (header < TCP_MIN || header > first ||
        (!v->csum_ok && !checksum_right(seg, v)))
        return false;
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

bool tcp_take_frame(struct iface *iface, struct rx_frame *f)
{
    unsigned type = (unsigned)f->head[12] << 8 | f->head[13];
    struct frame_ref ref = {.iface = iface, .frame = f};
    struct segment seg = {.take = take, .take_arg = &ref};
    struct packet_view v = {
        .head = f->head + ETH_HDR_LEN,
        .head_len = (uint32_t)(f->head_len - ETH_HDR_LEN),
        .tail = f->tail,
        .tail_len = (uint32_t)f->tail_len,
        .csum_ok = f->csum_ok,
    };

    if (raw_tcp_sockets ||
        memcmp(f->head, iface->netif.hwaddr, sizeof(iface->netif.hwaddr)) != 0)
        return false;
    if (type == ETH_P_IP ? !parse4(&seg, &v)
                         : type != ETH_P_IPV6 || !parse6(&seg, &v, iface))
        return false;
    trim(&v);
    hand_on(&seg, &v);
    return true;
}

/* ---- what went through lwIP ---- */

/* Addresses have been checked by lwIP. */
static u8_t on_raw(void *arg, struct raw_pcb *pcb, struct pbuf *p,
                   const ip_addr_t *src)
{
    struct segment seg = {.take = NULL};
    struct packet_view v = {
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
        from_ip(&seg.src, src, 0);
        from_ip(&seg.dst, ip_current_dest_addr(), 0);
        hand_on(&seg, &v);
        kfree(copy);
    }
    pbuf_free(p);
    return 1;
}

void tcp_glue_init(void)
{
    struct raw_pcb *v4 = raw_new_ip_type(IPADDR_TYPE_V4, PROTO_TCP);
    struct raw_pcb *v6 = raw_new_ip_type(IPADDR_TYPE_V6, PROTO_TCP);

    if (!v4 || !v6)
        panic("net: out of memory");
    raw_recv(v4, on_raw, NULL);
    raw_recv(v6, on_raw, NULL);
}
