/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of datagrams: one piece with room for headers in front of the data,
 * and a pbuf around it, so that lwIP can send it, too.
 */
#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/net/lwip/dgram.h"
#include "lwip/ip.h"
#include "lwip/ip6.h"

struct owned {
    struct packet packet;
    struct pbuf_custom pc;
    uint8_t room[DGRAM_HEADROOM]; /* the data follows */
};

static void release(struct pbuf *p)
{
    kfree(container_of(p, struct owned, pc.pbuf));
}

static struct packet *alloc(size_t len_bytes)
{
    struct owned *o = kmalloc(sizeof(*o) + len_bytes);
    struct packet *p = &o->packet;

    if (!o)
        return NULL;
    memset(p, 0, sizeof(*p));
    list_init(&p->node);
    p->own_ttl = p->own_tos = -1;
    p->data = o->room + sizeof(o->room);
    p->len_bytes = len_bytes;
    p->impl = pbuf_alloced_custom(PBUF_RAW, (u16_t)len_bytes, PBUF_RAM, &o->pc,
                                  p->data, (u16_t)len_bytes);
    o->pc.custom_free_function = release;
    return p;
}

struct packet *packet_new(size_t len_bytes)
{
    return len_bytes <= DGRAM_MAX ? alloc(len_bytes) : NULL;
}

/* Who sends it keeps the memory as long as it needs it. */
void packet_free(struct packet *p)
{
    if (p)
        pbuf_free(p->impl);
}

/* What the headers say. */
static void describe(struct packet *p, uint16_t src_port)
{
    p->real_ns = clock_real_ns();
    p->ifindex = netif_get_index(ip_current_input_netif());
    from_ip(&p->src, ip_current_src_addr(), src_port);
    from_ip(&p->dst, ip_current_dest_addr(), 0);
    if (ip_current_is_v6()) {
        p->ttl = IP6H_HOPLIM(ip6_current_header());
        p->tos = (uint8_t)IP6H_TC(ip6_current_header());
    } else {
        p->ttl = IPH_TTL(ip4_current_header());
        p->tos = IPH_TOS(ip4_current_header());
    }
}

struct packet *packet_copy(const struct pbuf *q, size_t off, uint16_t src_port)
{
    struct packet *p = alloc(q->tot_len - off);

    if (!p)
        return NULL;
    pbuf_copy_partial(q, p->data, (u16_t)p->len_bytes, (u16_t)off);
    describe(p, src_port);
    return p;
}
