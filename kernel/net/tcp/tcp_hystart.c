/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leaving slow start before the queue overflows: when the shortest round trip
 * of a round is clearly longer than that of the one before (RFC 9406's test,
 * without its conservative phase).
 */
#include "kernel/net/tcp/conn.h"

enum { SAMPLES = 8, THRESH_MIN_MS = 4, THRESH_MAX_MS = 16, WINDOW_MIN = 16 };

static uint64_t threshold(uint64_t last_min_ns)
{
    uint64_t t = last_min_ns / 8;

    if (t < THRESH_MIN_MS * MSEC)
        return THRESH_MIN_MS * MSEC;
    return min_u64(t, THRESH_MAX_MS * MSEC);
}

void hystart_sample(struct conn *c, uint64_t rtt_ns)
{
    struct hystart *h = &c->hystart;

    if (c->bbr || c->cwnd >= c->ssthresh || c->cwnd < WINDOW_MIN * c->mss)
        return;
    if (!h->round_min_ns || seq_leq(h->round_end, c->snd_una)) {
        h->last_min_ns = h->round_min_ns;
        h->round_min_ns = UINT64_MAX;
        h->samples = 0;
        h->round_end = c->snd_nxt;
    }
    h->round_min_ns = min_u64(h->round_min_ns, rtt_ns);
    if (++h->samples >= SAMPLES && h->last_min_ns &&
        h->last_min_ns != UINT64_MAX &&
        h->round_min_ns >= h->last_min_ns + threshold(h->last_min_ns))
        c->ssthresh = c->cwnd;
}
