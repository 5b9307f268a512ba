/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pacing: packets leave at a rate, not as fast as windows allow. A packet is
 * about a millisecond of it, so a fast path has few timers and a slow one no
 * bursts.
 */
#include "kernel/net/tcp/bbr.h"

enum { CREDIT_NS = 1000000, PACKETS_EACH_S = 1000, SEGMENTS_MIN = 2 };

bool pace_ok(struct conn *c, uint64_t now)
{
    const struct bbr *b = c->bbr;

    if (!b || b->pace_next_ns <= now)
        return true;
    conn_arm(c, TIMER_PACE, b->pace_next_ns);
    return false;
}

void pace_sent(struct conn *c, uint32_t len, uint64_t now)
{
    struct bbr *b = c->bbr;

    if (!b)
        return;
    /* A timer that came late does not slow the connection down. */
    if (b->pace_next_ns + CREDIT_NS < now)
        b->pace_next_ns = now - CREDIT_NS;
    b->pace_next_ns += len * NSEC_PER_SEC / max_u64(b->pace_bps, 1);
}

uint32_t pace_packet_max(const struct conn *c, uint32_t mss, uint32_t most)
{
    uint64_t bytes;

    if (!c->bbr)
        return most;
    bytes = c->bbr->pace_bps / PACKETS_EACH_S;
    bytes -= bytes % mss;
    if (bytes < SEGMENTS_MIN * (uint64_t)mss)
        bytes = SEGMENTS_MIN * (uint64_t)mss;
    return (uint32_t)min_u64(bytes, most);
}
