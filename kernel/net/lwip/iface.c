/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interfaces: frames between a device and lwIP. Received frames lose their
 * Ethernet header here, because with it they may be too long for a pbuf.
 */
#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/net/lwip/tcp_glue.h"
#include "kernel/net/lwip/udp.h"
#include "lib/list.h"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/igmp.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip4.h"
#include "lwip/ip6.h"
#include "lwip/mld6.h"
#include "netif/ethernet.h"

enum {
    TAKE_TAIL_MIN = 16 << 10, /* below, copying is cheaper than its memory */
    TX_PIECES = 64,
    IP_LEN_MAX = 65535,
};

bool ip4_dont_fragment;
struct iface *ifaces[ABI_MAX_NET];
unsigned nr_ifaces;

/* A pbuf over a buffer that we took from the device. */
struct taken {
    struct pbuf_custom pc;
    struct netdev *nd;
    void *buf;
};

static void taken_free(struct pbuf *p)
{
    struct taken *t = container_of(p, struct taken, pc.pbuf);

    netdev_free_tail(t->nd, t->buf);
    kfree(t);
}

static struct pbuf *take_tail(struct iface *iface, struct rx_frame *f)
{
    struct taken *t = kmalloc(sizeof(*t));
    void *buf = f->tail;

    if (!t || !netdev_take_tail(&iface->nd, f)) {
        kfree(t);
        return NULL;
    }
    t->pc.custom_free_function = taken_free;
    t->nd = &iface->nd;
    t->buf = buf;
    return pbuf_alloced_custom(PBUF_RAW, (u16_t)f->tail_len, PBUF_REF, &t->pc,
                               buf, (u16_t)f->tail_len);
}

/* The frame without its Ethernet header; NULL: out of memory. */
static struct pbuf *frame_to_pbuf(struct iface *iface, struct rx_frame *f)
{
    size_t head = f->head_len - ETH_HDR_LEN;
    struct pbuf *tail = NULL, *p;

    if (f->tail_len >= TAKE_TAIL_MIN)
        tail = take_tail(iface, f);
    p = pbuf_alloc(PBUF_RAW, (u16_t)(head + (tail ? 0 : f->tail_len)),
                   PBUF_RAM);
    if (!p) {
        if (tail)
            pbuf_free(tail);
        return NULL;
    }
    memcpy(p->payload, f->head + ETH_HDR_LEN, head);
    if (tail)
        pbuf_cat(p, tail);
    else if (f->tail_len)
        memcpy((uint8_t *)p->payload + head, f->tail, f->tail_len);
    return p;
}

/* Which pbuf flags its destination asks for; -1: not for us. */
static int classify(const struct netif *netif, const uint8_t *dst)
{
    if (memcmp(dst, netif->hwaddr, 6) == 0)
        return 0;
    if (!(dst[0] & 1))
        return -1;
    return memcmp(dst, "\xff\xff\xff\xff\xff\xff", 6) == 0
               ? PBUF_FLAG_LLMCAST | PBUF_FLAG_LLBCAST
               : PBUF_FLAG_LLMCAST;
}

/* lwIP reads so much before it looks at lengths. */
static size_t header_min(unsigned type)
{
    return type == ETH_P_IP     ? IP_HLEN
           : type == ETH_P_IPV6 ? IP6_HLEN
           : type == ETH_P_ARP  ? SIZEOF_ETHARP_HDR
                                : SIZE_MAX;
}

/* Between frames nothing is checked: what loops back has no checksums. */
static const uint16_t checks =
    NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP |
    NETIF_CHECKSUM_CHECK_IP | NETIF_CHECKSUM_CHECK_ICMP |
    NETIF_CHECKSUM_CHECK_ICMP6;

static void deliver(struct netif *netif, struct pbuf *p, unsigned type,
                    bool csum_ok)
{
    uint16_t flags = netif->chksum_flags;
    uint16_t add = checks;
    err_t err = ERR_VAL;

    if (csum_ok)
        add &=
            (uint16_t) ~(NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP);
    netif->chksum_flags = flags | add;
    if (type == ETH_P_IP)
        err = ip4_input(p, netif);
    else if (type == ETH_P_IPV6)
        err = ip6_input(p, netif);
    else if (type == ETH_P_ARP)
        etharp_input(p, netif), err = ERR_OK;
    netif->chksum_flags = flags;
    if (err != ERR_OK)
        pbuf_free(p);
}

static void to_lwip(struct iface *iface, struct rx_frame *f)
{
    int flags = classify(&iface->netif, f->head);
    unsigned type = (unsigned)f->head[12] << 8 | f->head[13];
    size_t len = f->head_len + f->tail_len - ETH_HDR_LEN;
    struct pbuf *p;

    if (flags < 0 || len > IP_LEN_MAX || len < header_min(type))
        return;
    p = frame_to_pbuf(iface, f);
    if (!p) {
        iface->nd.stats.rx_dropped++;
        return;
    }
    p->flags |= (u8_t)flags;
    p->if_idx = netif_get_index(&iface->netif);
    timers_activity();
    deliver(&iface->netif, p, type, f->csum_ok);
    if (flags & PBUF_FLAG_LLMCAST)
        timers_groups();
}

static bool take_plain(struct iface *iface, struct rx_frame *f)
{
    struct packet_view v;

    if (!plain_view(&v, iface, f))
        return false;
    if (v.proto == PLAIN_TCP)
        return tcp_take_packet(iface, f, &v);
    return v.proto == PLAIN_UDP && udp_take_packet(iface, &v);
}

static void on_receive(void *arg, struct rx_frame *f)
{
    if (!take_plain(arg, f))
        to_lwip(arg, f);
}

static void on_resume(void *arg)
{
    (void)arg;
    conn_resume_all();
}

static void on_batch_end(void *arg)
{
    (void)arg;
    tcp_batch_end();
}

static void on_release(void *token)
{
    pbuf_free(token);
}

/* lwIP's own headers never ask for that. */
static err_t output4(struct netif *netif, struct pbuf *p,
                     const ip4_addr_t *next)
{
    struct ip_hdr *h = p->payload;

    if (ip4_dont_fragment && !(IPH_OFFSET(h) & PP_HTONS(IP_OFFMASK | IP_MF))) {
        IPH_OFFSET_SET(h, IPH_OFFSET(h) | PP_HTONS(IP_DF));
        IPH_CHKSUM_SET(h, 0);
        IPH_CHKSUM_SET(h, inet_chksum(h, IPH_HL_BYTES(h)));
    }
    return etharp_output(netif, p, next);
}

static err_t link_output(struct netif *netif, struct pbuf *p)
{
    struct iface *iface = netif->state;
    struct abi_iov iov[TX_PIECES];
    unsigned nr = 0;

    for (struct pbuf *q = p; q; q = q->next) {
        if (nr == TX_PIECES)
            return ERR_BUF;
        iov[nr++] = (struct abi_iov){(uintptr_t)q->payload, q->len};
        if (q->len == q->tot_len)
            break;
    }
    timers_activity();
    pbuf_ref(p);
    if (netdev_send(&iface->nd, iov, nr, 0, p) < 0) {
        pbuf_free(p);
        return ERR_MEM;
    }
    return ERR_OK;
}

static err_t netif_setup(struct netif *netif)
{
    struct iface *iface = netif->state;
    const struct abi_net_info *info = &iface->nd.info;
    uint16_t gen = NETIF_CHECKSUM_GEN_IP | NETIF_CHECKSUM_GEN_ICMP |
                   NETIF_CHECKSUM_GEN_ICMP6;

    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->output = output4;
    netif->output_ip6 = ethip6_output;
    netif->linkoutput = link_output;
    netif->mtu = netif->mtu6 = info->mtu ? info->mtu : 1500;
    netif->hwaddr_len = 6;
    memcpy(netif->hwaddr, info->mac, 6);
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP |
                   NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
    if (!(info->features & ABI_NET_CSUM))
        gen |= NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_UDP;
    netif->chksum_flags = gen;
    return ERR_OK;
}

static const struct netdev_ops ops = {
    .receive = on_receive,
    .batch_end = on_batch_end,
    .resume = on_resume,
    .release = on_release,
};

struct iface *iface_new(uint32_t dev, const struct abi_net_info *info)
{
    struct iface *iface = kzalloc(sizeof(*iface));

    if (!iface || nr_ifaces == ABI_MAX_NET ||
        netdev_init(&iface->nd, dev, info, &ops, iface) < 0 ||
        !netif_add_noaddr(&iface->netif, iface, netif_setup, ip4_input)) {
        kfree(iface);
        return NULL;
    }
    ifaces[nr_ifaces++] = iface;
    return iface;
}

struct netif *netif_of_index(uint32_t index)
{
    return index && index < 256 ? netif_get_by_index((u8_t)index) : NULL;
}
