/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One segment, with its headers, into a packet (RFC 9293, 3.1). Long ones are
 * cut by the device where it can.
 */
#include <linux/errno.h>

#include "kernel/net/tcp/time_wait.h"
#include "lib/string.h"

enum { TCP_HEADER = 20 };

struct header {
    uint8_t headroom[IP_HEADROOM];
    uint8_t tcp[TCP_HEADER];
    uint8_t options[OPTIONS_MAX];
};

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

/* Returns the header's length. */
static unsigned fill(struct header *h, const struct bare_segment *s,
                     unsigned options_len)
{
    put16(h->tcp, s->src->port);
    put16(h->tcp + 2, s->dst->port);
    put32(h->tcp + 4, s->seq);
    put32(h->tcp + 8, s->flags & TCP_ACK ? s->ack : 0);
    h->tcp[12] = (uint8_t)((TCP_HEADER + options_len) / 4 << 4);
    h->tcp[13] = s->flags;
    put16(h->tcp + 14, s->window);
    put32(h->tcp + 16, 0);
    return TCP_HEADER + options_len;
}

/* All that leaves passes here. */
static int send(const struct ip_packet *p, uint8_t flags)
{
    net_counters.tcp_out_segs +=
        p->cut ? (p->payload_len + p->cut - 1) / p->cut : 1;
    net_counters.tcp_out_resets += (flags & TCP_RST) != 0;
    return ip_send(p);
}

void send_bare(const struct bare_segment *s)
{
    struct net_addr src = *s->src;
    struct path route = {0};
    struct header h;
    struct ip_packet p = {
        .src = &src,
        .dst = s->dst,
        .route = s->route ? s->route : &route,
        .ttl = 64,
        .head = h.headroom,
    };

    if (!s->route && path_find(&route, &src, s->dst) < 0)
        return;
    if (s->options_len)
        memcpy(h.options, s->options, s->options_len);
    p.tcp_len = fill(&h, s, s->options_len);
    send(&p, s->flags);
}

void reset_stray(const struct segment *seg)
{
    bool ack = seg->flags & TCP_ACK;
    uint32_t len = seg->len + ((seg->flags & TCP_SYN) ? 1 : 0) +
                   ((seg->flags & TCP_FIN) ? 1 : 0);

    if (seg->flags & TCP_RST)
        return;
    send_bare(&(struct bare_segment){
        .src = &seg->dst,
        .dst = &seg->src,
        .seq = ack ? seg->ack : 0,
        .ack = seg->seq + len,
        .flags = ack ? TCP_RST : TCP_RST | TCP_ACK,
    });
}

/* What every segment of a connection has. */
static int transmit(struct conn *c, uint32_t seq, uint8_t flags,
                    struct ip_packet *p, uint64_t now)
{
    struct header h;
    struct bare_segment s = {
        .src = &c->local,
        .dst = &c->peer,
        .seq = seq,
        .ack = c->rcv_nxt,
        .window = window_advertise(c),
        .flags = flags,
    };
    int err;

    p->src = &c->local;
    p->dst = &c->peer;
    p->route = &c->route;
    p->ttl = c->ttl;
    p->tos = c->tos;
    p->head = h.headroom;
    p->tcp_len = fill(&h, &s, options_write(c, h.options, now));
    err = send(p, flags);
    p->head = NULL; /* it ends here */
    if (!err)
        ack_done(c);
    return err;
}

int conn_send_data(struct conn *c, uint32_t seq, uint32_t len, bool fin,
                   bool push, uint64_t now)
{
    struct abi_iov iov[IP_PIECES];
    struct ip_packet p = {.iov = iov, .nr = IP_PIECES};
    uint8_t flags = TCP_ACK;

    p.payload_len = len ? tx_gather(c, seq, len, iov, &p.nr) : 0;
    if (!len)
        p.nr = 0;
    if (p.payload_len >
        c->mss + (c->ts_ok ? TS_OPTION_LEN : 0) - options_len(c))
        p.cut = c->mss + (c->ts_ok ? TS_OPTION_LEN : 0) - options_len(c);
    if (p.payload_len < len)
        return -ENOBUFS;
    if (push || fin)
        flags |= TCP_PSH;
    if (fin)
        flags |= TCP_FIN;
    return transmit(c, seq, flags, &p, now);
}

void conn_send_ack(struct conn *c, uint64_t now)
{
    struct ip_packet p = {0};

    transmit(c, c->snd_nxt, TCP_ACK, &p, now);
}

void conn_send_probe(struct conn *c, uint64_t now)
{
    struct ip_packet p = {0};

    transmit(c, c->snd_una - 1, TCP_ACK, &p, now);
}

int conn_send_syn(struct conn *c, uint64_t now)
{
    bool answer = c->state == STREAM_SYN_RECV;
    struct tcp_options peer = {.sack_permitted = c->sack_ok,
                               .has_ts = c->ts_ok,
                               .has_scale = c->scale_ok};
    uint8_t options[OPTIONS_MAX];
    struct header h;
    struct ip_packet p = {
        .src = &c->local,
        .dst = &c->peer,
        .route = &c->route,
        .ttl = c->ttl,
        .tos = c->tos,
        .head = h.headroom,
    };
    struct bare_segment s = {
        .src = &c->local,
        .dst = &c->peer,
        .seq = c->iss,
        .ack = c->rcv_nxt,
        .window = (uint16_t)min_u32(c->rcvbuf, UINT16_MAX),
        .flags = answer ? TCP_SYN | TCP_ACK : TCP_SYN,
    };

    s.options_len = options_syn(
        options, conn_our_mss(&c->route, c->peer.family == NET_V6, c->user_mss),
        answer ? &peer : NULL, ts_now(c, now), answer ? c->ts_recent : 0);
    memcpy(h.options, options, s.options_len);
    p.tcp_len = fill(&h, &s, s.options_len);
    return send(&p, s.flags);
}

void conn_send_reset(struct conn *c)
{
    send_bare(&(struct bare_segment){
        .src = &c->local,
        .dst = &c->peer,
        .route = &c->route,
        .seq = c->snd_nxt,
        .ack = c->rcv_nxt,
        .flags = TCP_RST | TCP_ACK,
    });
}
