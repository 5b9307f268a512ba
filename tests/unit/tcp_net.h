/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What TCP stands on in unit tests: a clock that the test moves, and a wire
 * that carries packets after a delay, or loses, doubles and reorders them.
 * Both ends of a connection live in the same tables.
 */
#ifndef EINKORN_TESTS_UNIT_TCP_NET_H
#define EINKORN_TESTS_UNIT_TCP_NET_H

#include "tests/unit/fake_kernel.h"

#include <errno.h>

#include "kernel/core/clock.h"
#include "kernel/net/tcp/receive.h"
#include "kernel/net/tcp/stream.h"
#include "kernel/net/transport.h"

#define MS UINT64_C(1000000)

enum { WIRE_MTU = 1500 };

struct wire_packet {
    struct list node;
    uint64_t due_ns;
    struct net_addr src, dst;
    uint8_t header[60];
    unsigned header_len;
    uint32_t len;
    uint8_t data[];
};

/* What the wire does, in thousandths. */
static struct {
    unsigned lose, twice, reorder;
    uint64_t delay_ns;
    uint64_t ns_each; /* of its slowest hop, for a packet; 0: none is slow */
    unsigned room;    /* packets that wait there */
    bool cuts;
    bool full; /* refuses packets */
    /* Sees each packet first; true: it does not go on. */
    bool (*tap)(const struct ip_packet *p, const uint8_t *data);
} wire;

static uint64_t now_ns = NSEC_PER_SEC;
static struct list in_flight = LIST_INIT(in_flight);
static unsigned long nr_sent, nr_lost;

uint64_t clock_mono_ns(void)
{
    return now_ns;
}

void random_bytes(void *buf, size_t len_bytes)
{
    for (size_t i = 0; i < len_bytes; i++)
        ((uint8_t *)buf)[i] = (uint8_t)rand();
}

static struct net_addr addr4(uint8_t last, uint16_t port)
{
    return (struct net_addr){
        .family = NET_V4, .ip = {10, 0, 0, last}, .port = port};
}

uint32_t path_device(const struct path *route)
{
    (void)route;
    return 2;
}

int path_find(struct path *route, struct net_addr *src,
              const struct net_addr *dst)
{
    if (net_addr_is_any(src)) {
        uint16_t port = src->port;

        *src = addr4(1, port);
    }
    (void)dst;
    route->found = true;
    route->mtu = WIRE_MTU;
    route->cuts = wire.cuts;
    return 0;
}

bool ip_idle(void)
{
    return true;
}

bool ip_is_ours(const struct net_addr *a)
{
    return net_addr_is_any(a) || a->ip[0] == 10;
}

static void put(const struct ip_packet *p, const uint8_t *data, uint32_t off,
                uint32_t len, uint64_t due)
{
    struct wire_packet *w = malloc(sizeof(*w) + len);
    uint8_t *h = w->header;
    uint32_t seq;
    struct list *pos = in_flight.prev;

    w->due_ns = due;
    w->src = *p->src;
    w->dst = *p->dst;
    w->header_len = p->tcp_len;
    w->len = len;
    memcpy(h, p->head + IP_HEADROOM, p->tcp_len);
    seq = ((uint32_t)h[4] << 24 | h[5] << 16 | h[6] << 8 | h[7]) + off;
    h[4] = (uint8_t)(seq >> 24), h[5] = (uint8_t)(seq >> 16);
    h[6] = (uint8_t)(seq >> 8), h[7] = (uint8_t)seq;
    if (off + len < p->payload_len) /* on the last piece only */
        h[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
    if (len)
        memcpy(w->data, data + off, len);
    while (pos != &in_flight &&
           container_of(pos, struct wire_packet, node)->due_ns > due)
        pos = pos->prev;
    list_insert_(&w->node, pos, pos->next);
}

static bool chance(unsigned thousandths)
{
    return (unsigned)rand() % 1000 < thousandths;
}

/* Waits its turn; false: too many do already. */
static bool pass_slow_hop(const struct ip_packet *p, uint64_t *due)
{
    static uint64_t free_ns[2]; /* each way has its own */
    uint64_t *f = &free_ns[p->dst->ip[3] & 1];

    if (!wire.ns_each || !p->payload_len) /* acknowledgements pass */
        return true;
    if (*f < now_ns)
        *f = now_ns;
    if (*f - now_ns > wire.room * wire.ns_each)
        return false;
    *f += wire.ns_each;
    *due = *f + wire.delay_ns;
    return true;
}

static void put_one(const struct ip_packet *p, const uint8_t *data,
                    uint32_t off, uint32_t len)
{
    uint64_t due = now_ns + wire.delay_ns;

    nr_sent++;
    if (chance(wire.lose) || !pass_slow_hop(p, &due)) {
        nr_lost++;
        return;
    }
    if (chance(wire.reorder))
        due += (uint64_t)(rand() % 1000) * wire.delay_ns / 500;
    put(p, data, off, len, due);
    if (chance(wire.twice))
        put(p, data, off, len, due + 1);
}

int ip_send(const struct ip_packet *p)
{
    uint8_t *data;
    uint32_t len = 0, step;

    if (wire.full)
        return -ENOBUFS;
    data = malloc(p->payload_len + 1);

    for (unsigned i = 0; i < p->nr; i++) {
        memcpy(data + len, (const void *)(uintptr_t)p->iov[i].base,
               p->iov[i].len_bytes);
        len += (uint32_t)p->iov[i].len_bytes;
    }
    assert_int_equal(len, p->payload_len);
    assert_true(p->cut || len + p->tcp_len + 20 <= WIRE_MTU);
    assert_true(!p->cut || p->cut + p->tcp_len + 20 <= WIRE_MTU);
    if (!wire.tap || !wire.tap(p, data)) {
        step = p->cut ? p->cut : len;
        for (uint32_t off = 0; off < len || off == 0; off += step ? step : 1)
            put_one(p, data, off, min_u32(len - off, step));
    }
    free(data);
    return 0;
}

void ip_kick(void)
{
    tcp_batch_end();
    tx_free_zombies();
}

static void arrive(struct wire_packet *w)
{
    /* Its own memory: reading too far is seen. */
    uint8_t *data = malloc(w->len ? w->len : 1);
    struct segment seg = {.src = w->src, .dst = w->dst};

    memcpy(data, w->data, w->len);
    seg.part[0] = data;
    seg.part_len[0] = w->len / 3;
    seg.part[1] = data + w->len / 3;
    seg.part_len[1] = w->len - w->len / 3;
    tcp_receive(&seg, w->header, w->header_len);
    free(data);
}

/* The next thing that happens, if it does until `end`. */
static bool wire_step(uint64_t end)
{
    struct wire_packet *w = list_first(&in_flight, struct wire_packet, node);
    uint64_t next = timer_next();

    if (w && w->due_ns < next)
        next = w->due_ns;
    if (next > end) {
        now_ns = end > now_ns ? end : now_ns;
        return false;
    }
    if (next > now_ns)
        now_ns = next;
    if (w && w->due_ns <= now_ns) {
        list_remove(&w->node);
        tcp_poll_begin();
        arrive(w);
        free(w);
        tcp_batch_end();
    }
    timer_run();
    return true;
}

static void run_for(uint64_t ns)
{
    uint64_t end = now_ns + ns;

    while (wire_step(end))
        ;
    tcp_poll_begin();
}

static inline struct stream *listen_on(uint8_t host, uint16_t port)
{
    struct stream *l = stream_new(NET_V4, false);
    struct net_addr a = addr4(host, port);

    assert_int_equal(stream_bind(l, &a), 0);
    assert_int_equal(stream_listen(l, 16), 0);
    return l;
}

static inline struct stream *connect_to(uint8_t host, uint16_t port)
{
    struct stream *s = stream_new(NET_V4, false);
    struct net_addr a = addr4(host, port);

    assert_int_equal(stream_connect(s, &a), 0);
    return s;
}

/* Writes what fits of len bytes; how many. */
static inline size_t write_some(struct stream *s, const uint8_t *data,
                                size_t len)
{
    size_t done = 0, room;
    void *buf;

    while (done < len && (buf = stream_reserve(s, len - done, &room))) {
        memcpy(buf, data + done, room);
        stream_commit(s, room, done + room < len);
        done += room;
    }
    stream_flush(s);
    return done;
}

/* Big-endian words of a packet. */
static inline uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static inline void put32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

#endif
