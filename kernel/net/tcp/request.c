/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Half-open connections are small records until the peer answers, and each
 * listener has so many of them at most: then the oldest goes.
 */
#include "kernel/net/tcp/request.h"

#include "kernel/core/alloc.h"
#include "kernel/net/tcp/stream.h"
#include "kernel/net/tcp/time_wait.h"
#include "lib/string.h"

enum { NR_MAX = 1024, RETRIES = 5, ISN_TICK_NS = 4096 };

struct request {
    struct conn_node node;
    struct stream *listener;
    struct list age;
    struct timer timer;
    struct path route;
    struct net_addr local, remote;
    uint32_t iss, irs, ts_offset;
    uint16_t window, mss;
    struct tcp_options opt; /* of its SYN */
    uint64_t sent_ns;
    uint8_t resent;
};

uint32_t isn_make(const struct conn_key *key, uint64_t now)
{
    return (uint32_t)(now / ISN_TICK_NS) + (uint32_t)conn_key_secret(key);
}

static void drop(struct request *r)
{
    table_remove(&r->node);
    list_remove(&r->age);
    timer_cancel(&r->timer);
    r->listener->nr_requests--;
    kfree(r);
}

void requests_drop(struct stream *listener)
{
    struct request *r;

    while ((r = list_first(&listener->requests, struct request, age)))
        drop(r);
}

static uint32_t ts_of(const struct request *r, uint64_t now)
{
    return (uint32_t)(now / MSEC) + r->ts_offset;
}

/* SYN with ACK; what is queued at the listener's does not count yet. */
static void answer(struct request *r, uint64_t now)
{
    uint8_t options[OPTIONS_MAX];
    uint32_t window = r->listener->conn.rcvbuf;

    send_bare(&(struct bare_segment){
        .src = &r->local,
        .dst = &r->remote,
        .route = &r->route,
        .seq = r->iss,
        .ack = r->irs + 1,
        .window = (uint16_t)min_u32(window, UINT16_MAX),
        .flags = TCP_SYN | TCP_ACK,
        .options = options,
        .options_len =
            options_syn(options, r->mss, &r->opt, ts_of(r, now), r->opt.ts_val),
    });
}

static void on_timer(struct timer *timer)
{
    struct request *r = container_of(timer, struct request, timer);
    uint64_t now = clock_mono_ns();

    if (r->resent >= RETRIES) {
        drop(r);
        return;
    }
    r->resent++;
    answer(r, now);
    timer_set(timer, now + (NSEC_PER_SEC << r->resent));
    ip_kick();
}

static void fill(struct request *r, const struct segment *seg,
                 const struct conn_key *key, uint32_t iss, uint64_t now)
{
    r->irs = seg->seq;
    r->iss = iss ? iss : isn_make(key, now);
    r->opt = seg->opt;
    r->window = seg->window;
    r->ts_offset = (uint32_t)(conn_key_secret(key) >> 32);
    r->mss = conn_our_mss(&r->route, r->remote.family == NET_V6,
                          r->listener->conn.user_mss);
    r->sent_ns = now;
    r->timer.fn = on_timer;
}

void request_new(struct stream *l, const struct segment *seg,
                 const struct conn_key *key, uint32_t iss, uint64_t now)
{
    struct request *r = l->nr_requests >= NR_MAX
                            ? list_first(&l->requests, struct request, age)
                            : NULL; /* has to go */

    if (l->nr_accept >= l->backlog) { /* full: the peer tries again */
        net_counters.tcp_listen_overflows++;
        return;
    }
    if (r)
        drop(r);
    r = kzalloc(sizeof(*r));
    if (!r)
        return;
    r->listener = l;
    r->local = seg->dst;
    r->remote = seg->src;
    if (path_find(&r->route, &r->local, &r->remote) < 0) {
        kfree(r);
        return;
    }
    if (l->device && l->device != path_device(&r->route)) {
        kfree(r);
        reset_stray(seg);
        return;
    }
    fill(r, seg, key, iss, now);
    table_add(&r->node, key, NODE_REQUEST);
    list_push_back(&l->requests, &r->age);
    l->nr_requests++;
    answer(r, now);
    timer_set(&r->timer, now + NSEC_PER_SEC);
}

/* A connection out of it, as if SYNs had been exchanged by itself. */
static struct stream *open(struct request *r, uint64_t now)
{
    struct stream *s = stream_child(r->listener);
    struct segment syn = {
        .seq = r->irs, .ack = r->iss, .window = r->window, .opt = r->opt};
    struct conn *c;

    if (!s)
        return NULL;
    c = &s->conn;
    c->local = r->local;
    c->peer = r->remote;
    c->route = r->route;
    table_remove(&r->node);
    conn_start(c, r->iss, now);
    conn_agree(c, &syn, now);
    c->state = STREAM_SYN_RECV;
    c->snd_nxt = r->iss + 1;
    if (!r->resent)
        rtt_sample(c, max_u32(1, (uint32_t)(now - r->sent_ns)));
    return s;
}

static void finish(struct request *r, struct segment *seg, uint64_t now)
{
    struct stream *l = r->listener, *s;

    if (l->nr_accept >= l->backlog)
        return; /* the peer will send it again */
    s = open(r, now);
    net_counters.tcp_passive_opens += s != NULL;
    drop(r);
    if (!s)
        return;
    port_hold(s);
    conn_hold(&s->conn);
    conn_segment(&s->conn, seg);
    if (s->conn.syn_acked && !s->conn.dead)
        stream_enqueue(l, s);
    else
        stream_close(s, true);
    conn_unhold(&s->conn);
}

void request_segment(struct conn_node *node, struct segment *seg, uint64_t now)
{
    struct request *r = container_of(node, struct request, node);

    if (seg->flags & TCP_RST) { /* RFC 5961 here as well */
        if (seg->seq == r->irs + 1)
            drop(r);
        return;
    }
    if (seg->flags & TCP_SYN) {
        if (seg->seq == r->irs)
            answer(r, now);
        return;
    }
    if (!(seg->flags & TCP_ACK))
        return;
    if (seg->ack != r->iss + 1) {
        reset_stray(seg);
        return;
    }
    if (!seq_lt(r->irs, seg->seq) ||
        !seq_lt(seg->seq, r->irs + 1 + UINT16_MAX)) {
        answer(r, now);
        return;
    }
    finish(r, seg, now);
}
