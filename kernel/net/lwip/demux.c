/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hash of all connections beside lwIP's lists; see demux.h. Each connection
 * owns an entry through an extension argument, whose destructor removes it.
 */
#include "kernel/net/lwip/demux.h"

#include "kernel/core/alloc.h"
#include "kernel/core/random.h"
#include "kernel/net/lwip/glue.h"
#include "kernel/net/lwip/stream.h"
#include "lwip/ip4.h"
#include "lwip/ip6.h"

enum { BUCKETS = 4096, EXT_ID = EXT_DEMUX, PROTO_TCP = 6 };

struct tuple {
    uint32_t remote[4], local[4]; /* IPv4: the first word */
    uint16_t remote_port, local_port;
    bool v6;
};

struct entry {
    struct entry *next;
    struct tcp_pcb *pcb;
    struct tuple tuple;
    bool retired; /* not to be found any more */
};

static struct entry *buckets[BUCKETS];
static unsigned unknown; /* connections without an entry: do not narrow */
static uint64_t secret;

static unsigned hash(const struct tuple *t)
{
    const uint64_t k = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t h = secret;

    for (unsigned i = 0; i < (t->v6 ? 4 : 1); i++)
        h = (h ^ t->remote[i] ^ (uint64_t)t->local[i] << 32) * k, h ^= h >> 29;
    h = (h ^ t->remote_port ^ (uint64_t)t->local_port << 16) * k;
    return (unsigned)(h >> 40) % BUCKETS;
}

static bool same(const struct tuple *a, const struct tuple *b)
{
    size_t len = a->v6 ? 16 : 4;

    return a->remote_port == b->remote_port && a->local_port == b->local_port &&
           a->v6 == b->v6 && memcmp(a->remote, b->remote, len) == 0 &&
           memcmp(a->local, b->local, len) == 0;
}

static void set_ip(uint32_t *out, const ip_addr_t *ip)
{
    if (IP_IS_V6(ip))
        memcpy(out, ip_2_ip6(ip)->addr, 16);
    else
        out[0] = ip_2_ip4(ip)->addr;
}

static void on_destroy(u8_t id, void *data)
{
    struct entry *e = data, **link;

    (void)id;
    if (!e)
        return;
    for (link = &buckets[hash(&e->tuple)]; *link != e; link = &(*link)->next)
        ;
    *link = e->next;
    kfree(e);
}

static void on_lost(u8_t id, void *data)
{
    (void)id;
    (void)data;
    unknown--;
}

static const struct tcp_ext_arg_callbacks known_callbacks = {
    .destroy = on_destroy,
};
static const struct tcp_ext_arg_callbacks lost_callbacks = {
    .destroy = on_lost,
};

void demux_add(struct tcp_pcb *pcb)
{
    struct entry *e = kzalloc(sizeof(*e));
    unsigned h;

    if (!secret)
        secret = random_u64() | 1;
    if (!e) {
        unknown++;
        tcp_ext_arg_set_callbacks(pcb, EXT_ID, &lost_callbacks);
        return;
    }
    e->pcb = pcb;
    e->tuple.v6 = IP_IS_V6(&pcb->remote_ip);
    e->tuple.remote_port = pcb->remote_port;
    e->tuple.local_port = pcb->local_port;
    set_ip(e->tuple.remote, &pcb->remote_ip);
    set_ip(e->tuple.local, &pcb->local_ip);
    h = hash(&e->tuple);
    e->next = buckets[h];
    buckets[h] = e;
    tcp_ext_arg_set(pcb, EXT_ID, e);
    tcp_ext_arg_set_callbacks(pcb, EXT_ID, &known_callbacks);
}

static bool parse_v4(const struct pbuf *p, struct tuple *t, size_t *off)
{
    const struct ip_hdr *ip = p->payload;

    if (p->len < IP_HLEN || IPH_PROTO(ip) != PROTO_TCP ||
        (IPH_OFFSET(ip) & PP_HTONS(IP_OFFMASK | IP_MF)))
        return false;
    t->remote[0] = ip->src.addr;
    t->local[0] = ip->dest.addr;
    *off = IPH_HL_BYTES(ip);
    return true;
}

static bool parse_v6(const struct pbuf *p, struct tuple *t, size_t *off)
{
    const struct ip6_hdr *ip = p->payload;

    if (p->len < IP6_HLEN || IP6H_NEXTH(ip) != PROTO_TCP)
        return false;
    memcpy(t->remote, ip->src.addr, 16);
    memcpy(t->local, ip->dest.addr, 16);
    t->v6 = true;
    *off = IP6_HLEN;
    return true;
}

static bool parse(const struct pbuf *p, unsigned ether_type, struct tuple *t,
                  size_t *off)
{
    return ether_type == ETH_P_IP     ? parse_v4(p, t, off)
           : ether_type == ETH_P_IPV6 ? parse_v6(p, t, off)
                                      : false;
}

static struct tcp_pcb *find(const struct tuple *t)
{
    struct entry *e = buckets[hash(t)];

    while (e && (e->retired || !same(&e->tuple, t)))
        e = e->next;
    return e ? e->pcb : NULL;
}

/* A new request may replace an old connection in TIME_WAIT if its numbers are
 * beyond the old one's (RFC 9293, 3.10.7.4; RFC 6191 without timestamps). */
static bool supersedes(const struct tcp_hdr *hdr, const struct tcp_pcb *pcb)
{
    return (TCPH_FLAGS(hdr) & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN &&
           TCP_SEQ_GT(lwip_ntohl(hdr->seqno), pcb->rcv_nxt);
}

/* Taking a connection out of the middle of lwIP's list would mean walking it:
 * it is hidden, and made so old that the next slow tick frees it. */
static void retire(struct tcp_pcb *pcb)
{
    struct entry *e = tcp_ext_arg_get(pcb, EXT_ID);

    e->retired = true;
    pcb->tmr = tcp_ticks - 2 * TCP_MSL / TCP_SLOW_INTERVAL - 1;
}

static void narrow(struct demux *d, struct tcp_pcb *hit)
{
    d->narrowed = true;
    d->hit = hit;
    d->hit_waits = hit && hit->state == TIME_WAIT;
    d->active = tcp_active_pcbs;
    d->time_wait = tcp_tw_pcbs;
    tcp_active_pcbs = d->hit_waits ? NULL : hit;
    tcp_tw_pcbs = d->hit_waits ? hit : NULL;
}

void demux_begin(struct demux *d, const struct pbuf *p, unsigned ether_type)
{
    struct tuple t = {.v6 = false};
    const struct tcp_hdr *hdr;
    struct tcp_pcb *hit;
    size_t off;

    d->narrowed = false;
    if (unknown || !parse(p, ether_type, &t, &off) || p->len < off + TCP_HLEN)
        return;
    hdr = (const struct tcp_hdr *)((const uint8_t *)p->payload + off);
    t.remote_port = lwip_ntohs(hdr->src);
    t.local_port = lwip_ntohs(hdr->dest);
    hit = find(&t);
    if (hit && hit->state == TIME_WAIT && supersedes(hdr, hit)) {
        retire(hit);
        hit = NULL;
    }
    narrow(d, hit);
}

/* Puts a whole list back. It was shown as empty (!shown), or from hit on;
 * hit may have left it and been freed: it is only compared. */
static void restore(struct tcp_pcb **list, struct tcp_pcb *whole, bool shown,
                    const struct tcp_pcb *hit)
{
    struct tcp_pcb *now = *list, **link = list;

    if (!shown) { /* new ones go in front */
        while (*link)
            link = &(*link)->next;
        *link = whole;
        return;
    }
    *list = whole;
    if (now == hit)
        return;
    while (*link != hit)
        link = &(*link)->next;
    *link = now;
}

void demux_end(struct demux *d)
{
    if (!d->narrowed)
        return;
    if (d->hit && !d->hit_waits && tcp_active_pcbs == d->hit)
        tx_use_window(d->hit);
    restore(&tcp_active_pcbs, d->active, d->hit && !d->hit_waits, d->hit);
    restore(&tcp_tw_pcbs, d->time_wait, d->hit && d->hit_waits, d->hit);
}
