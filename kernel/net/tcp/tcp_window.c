/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The receive window (RFC 9293, 3.8.6): its right edge never moves back, and
 * forward only by worthwhile steps. The buffer grows with what the program
 * reads in a round trip.
 */
#include "kernel/net/tcp/conn.h"

enum { DRS_MIN_NS = 100000, PLENTY = 16 };

static uint32_t free_bytes(const struct conn *c)
{
    uint32_t used = c->rx_bytes;

    if (tcp_memory_tight())
        return 0;
    return used < c->rcvbuf ? c->rcvbuf - used : 0;
}

/* The right edge that could be offered. */
static uint32_t edge(const struct conn *c)
{
    uint32_t most = (uint32_t)UINT16_MAX << c->rcv_scale;
    uint32_t len = min_u32(free_bytes(c), most);

    len -= len & ((1u << c->rcv_scale) - 1);
    return c->rcv_nxt + len;
}

static uint32_t step(const struct conn *c)
{
    return min_u32(2u * c->rcv_mss, c->rcvbuf / 2);
}

uint16_t window_advertise(struct conn *c)
{
    uint32_t to = edge(c), now;

    if (seq_leq(c->rcv_adv + step(c), to) ||
        (seq_lt(c->rcv_adv, to) && free_bytes(c) + c->rcv_mss >= c->rcvbuf))
        c->rcv_adv = to;
    now = seq_lt(c->rcv_nxt, c->rcv_adv) ? c->rcv_adv - c->rcv_nxt : 0;
    now >>= c->rcv_scale;
    return (uint16_t)min_u32(now, UINT16_MAX);
}

bool window_opened(const struct conn *c)
{
    uint32_t offered = c->rcv_adv - c->rcv_nxt, could = edge(c) - c->rcv_nxt;

    /* While the peer has plenty, the next acknowledgement tells soon enough. */
    return offered <= c->rcvbuf / PLENTY && could >= 2 * offered &&
           could - offered >= step(c);
}

/* Half the buffer or more was read within a round trip: the window holds the
 * peer back. */
void window_read(struct conn *c, uint32_t len, uint64_t now)
{
    uint64_t rtt = c->srtt_ns > DRS_MIN_NS ? c->srtt_ns : DRS_MIN_NS;

    c->drs_bytes += len;
    if (now - c->drs_ns < rtt)
        return;
    if (!c->rcvbuf_fixed && now - c->drs_ns < 4 * rtt &&
        c->drs_bytes > c->rcvbuf / 2 && c->rcvbuf < c->rcvbuf_max &&
        !tcp_memory_tight())
        c->rcvbuf = min_u32(c->rcvbuf * 2, c->rcvbuf_max);
    c->drs_bytes = 0;
    c->drs_ns = now;
}
