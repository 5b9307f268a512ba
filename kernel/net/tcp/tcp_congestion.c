/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which congestion control a connection has. Who does not choose
 * (TCP_CONGESTION of tcp(7)) gets CUBIC on a short path, where losses mean full
 * queues and pacing would cost timers, and BBR on a long one, where CUBIC takes
 * each loss of a bad line for congestion: with 1 % of them and 50 ms it cannot
 * pass 4 Mbit/s on a path of any rate.
 */
#include <linux/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/net/tcp/bbr.h"

enum { NEAR_MS = 5 };

int bbr_start(struct conn *c, uint64_t now)
{
    struct bbr *b = c->bbr ? c->bbr : kzalloc(sizeof(*b));
    uint64_t rtt = c->srtt_ns ? c->srtt_ns : MSEC;

    if (!b)
        return -ENOMEM;
    if (c->bbr)
        return 0;
    c->bbr = b;
    b->lost = c->lost_ever;
    b->min_rtt_ns = c->srtt_ns ? c->srtt_ns : UINT64_MAX;
    b->min_rtt_at_ns = b->delivered_ns = b->first_sent_ns = now;
    b->window_before = c->cwnd;
    bbr_enter_startup(b);
    b->pace_bps = c->cwnd * NSEC_PER_SEC / rtt * b->pacing_gain / BBR_UNIT;
    return 0;
}

void bbr_stop(struct conn *c)
{
    if (!c->bbr)
        return;
    if (c->bbr->full) /* else slow start goes on */
        c->ssthresh = max_u32(c->cwnd, 2 * c->mss);
    kfree(c->bbr);
    c->bbr = NULL;
    c->cubic = (struct cubic){0};
}

void congestion_choose(struct conn *c, uint64_t now)
{
    bool far = c->srtt_ns > NEAR_MS * MSEC;

    if (c->congestion == NET_CONGESTION_BBR ||
        (c->congestion == NET_CONGESTION_AUTO && far))
        (void)bbr_start(c, now); /* without memory CUBIC does as well */
}

int congestion_set(struct conn *c, int value, uint64_t now)
{
    c->congestion = (uint8_t)value;
    if (!c->syn_acked || c->state == STREAM_CLOSE)
        return 0;
    if (value == NET_CONGESTION_BBR)
        return bbr_start(c, now);
    bbr_stop(c);
    return 0;
}

int congestion_get(const struct conn *c)
{
    if (c->syn_acked)
        return c->bbr ? NET_CONGESTION_BBR : NET_CONGESTION_CUBIC;
    return c->congestion;
}
