/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The retransmission timeout (RFC 6298), never below 200 ms above the round
 * trip time, as Linux has it.
 */
#include "kernel/net/tcp/conn.h"

enum { VAR_MIN_MS = 200, RTO_MAX_S = 120 };

static void set_rto(struct conn *c)
{
    uint64_t var = 4 * c->rttvar_ns;

    if (var < VAR_MIN_MS * MSEC)
        var = VAR_MIN_MS * MSEC;
    c->rto_ns = min_u64(c->srtt_ns + var, RTO_MAX_S * NSEC_PER_SEC);
}

void rtt_sample(struct conn *c, uint64_t rtt_ns)
{
    uint64_t diff;

    if (!c->srtt_ns) {
        c->srtt_ns = rtt_ns;
        c->rttvar_ns = rtt_ns / 2;
    } else {
        diff = rtt_ns > c->srtt_ns ? rtt_ns - c->srtt_ns : c->srtt_ns - rtt_ns;
        c->rttvar_ns = (3 * c->rttvar_ns + diff) / 4;
        c->srtt_ns = (7 * c->srtt_ns + rtt_ns) / 8;
    }
    if (!c->backoffs)
        set_rto(c);
}

void rtt_back_off(struct conn *c)
{
    c->backoffs++;
    c->rto_ns = min_u64(c->rto_ns * 2, RTO_MAX_S * NSEC_PER_SEC);
}

void rtt_reset_backoff(struct conn *c)
{
    if (!c->backoffs)
        return;
    c->backoffs = 0;
    if (c->srtt_ns)
        set_rto(c);
    else
        c->rto_ns = NSEC_PER_SEC;
}
