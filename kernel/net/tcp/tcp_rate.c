/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How fast the path delivers (draft-cheng-iccrg-delivery-rate-estimation-00):
 * each record remembers what had been delivered when it was sent; once it is
 * delivered itself, the difference by the time is a sample.
 */
#include "kernel/net/tcp/bbr.h"

void rate_sent(struct conn *c, struct tx_record *r, uint64_t now)
{
    struct bbr *b = c->bbr;

    if (!b)
        return;
    if (!conn_in_flight(c))
        b->first_sent_ns = b->delivered_ns = now;
    r->mark = (struct rate_mark){
        .set = true,
        .app_limited = b->app_limited != 0,
        .delivered = b->delivered,
        .delivered_ns = b->delivered_ns,
        .first_sent_ns = b->first_sent_ns,
    };
}

void rate_delivered(struct conn *c, const struct tx_record *r,
                    struct delivery *d)
{
    struct bbr *b = c->bbr;

    if (!b)
        return;
    b->delivered += r->end - r->seq;
    if (!r->mark.set ||
        (d->newest.set && (r->mark.delivered < d->newest.delivered ||
                           (r->mark.delivered == d->newest.delivered &&
                            r->sent_ns < d->newest_sent_ns))))
        return;
    d->newest = r->mark;
    d->newest_sent_ns = r->sent_ns;
    b->first_sent_ns = r->sent_ns;
}

void rate_take(struct conn *c, const struct delivery *d, uint64_t now,
               struct rate_sample *out)
{
    struct bbr *b = c->bbr;
    uint64_t sending, acking, ns;

    *out = (struct rate_sample){0};
    if (b->app_limited && b->delivered > b->app_limited)
        b->app_limited = 0;
    if (!d->newest.set)
        return;
    b->delivered_ns = now;
    sending = d->newest_sent_ns - d->newest.first_sent_ns;
    acking = now - d->newest.delivered_ns;
    ns = sending > acking ? sending : acking;
    out->prior = d->newest.delivered;
    out->app_limited = d->newest.app_limited;
    /* Faster than the path can be: what was told late by others. */
    if (ns && ns >= c->rack.min_rtt_ns)
        out->bps = (b->delivered - d->newest.delivered) * NSEC_PER_SEC / ns;
}

void rate_check_app(struct conn *c)
{
    struct bbr *b = c->bbr;

    if (b && c->snd_nxt == c->write_seq && !c->lost_bytes &&
        conn_in_flight(c) < c->cwnd)
        b->app_limited = max_u64(b->delivered + conn_in_flight(c), 1);
}
