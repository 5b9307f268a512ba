/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pacing: packets leave at a rate, not as fast as windows allow. A packet is
 * about a millisecond of it, so a fast path has few timers and a slow one no
 * bursts.
 */
#include "kernel/net/tcp/bbr.h"

enum { CREDIT_NS = 1000000, PACKETS_EACH_S = 1000, SEGMENTS_MIN = 2 };
static const uint64_t NO_LIMIT = UINT64_MAX;

/* What BBR has found and what the program allows, in bytes a second. */
static uint64_t rate(const struct conn *c)
{
    uint64_t found = c->bbr ? max_u64(c->bbr->pace_bps, 1) : NO_LIMIT;
    uint64_t allowed = c->pace_max ? c->pace_max : NO_LIMIT;

    return min_u64(found, allowed);
}

bool pace_ok(struct conn *c, uint64_t now)
{
    if (c->pace_next_ns <= now)
        return true;
    conn_arm(c, TIMER_PACE, c->pace_next_ns);
    return false;
}

void pace_sent(struct conn *c, uint32_t len, uint64_t now)
{
    uint64_t bps = rate(c);

    if (bps == NO_LIMIT)
        return;
    /* A timer that came late does not slow the connection down. */
    if (c->pace_next_ns + CREDIT_NS < now)
        c->pace_next_ns = now - CREDIT_NS;
    c->pace_next_ns += len * NSEC_PER_SEC / bps;
}

uint32_t pace_packet_max(const struct conn *c, uint32_t mss, uint32_t most)
{
    uint64_t bytes = rate(c);

    if (bytes == NO_LIMIT)
        return most;
    bytes /= PACKETS_EACH_S;
    bytes -= bytes % mss;
    if (bytes < SEGMENTS_MIN * (uint64_t)mss)
        bytes = SEGMENTS_MIN * (uint64_t)mss;
    return (uint32_t)min_u64(bytes, most);
}
