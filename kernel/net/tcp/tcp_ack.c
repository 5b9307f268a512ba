/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Acknowledgements (RFC 9293, 3.10.7.4, "fifth"): what they free, measure
 * and set going.
 */
#include "kernel/net/tcp/conn.h"

/* Records below `ack` have been delivered. */
static void retire(struct conn *c, const struct segment *seg,
                   struct delivery *d, uint64_t now)
{
    uint32_t ts_ecr = seg->opt.has_ts ? seg->opt.ts_ecr : 0;
    struct tx_record *r;

    while ((r = list_first(&c->records, struct tx_record, node)) &&
           seq_lt(r->seq, seg->ack)) {
        if (seq_lt(seg->ack, r->end) && !record_split(c, r, seg->ack))
            return;
        if (r->sacked)
            d->sacked -= r->end - r->seq; /* counted before: the sum counts */
        else
            rack_delivered(c, r, d, now, ts_ecr);
        record_free(c, r);
    }
}

static void measure(struct conn *c, const struct segment *seg,
                    const struct delivery *d, uint64_t now)
{
    if (d->rtt_ns && !d->resent_acked) {
        rtt_sample(c, d->rtt_ns);
        hystart_sample(c, d->rtt_ns);
    } else if (d->acked && c->ts_ok && seg->opt.has_ts && seg->opt.ts_ecr) {
        uint32_t ms = ts_now(c, now) - seg->opt.ts_ecr;

        if (ms < 1u << 20) /* RFC 7323, 4.1 */
            rtt_sample(c, (ms ? ms : 1) * MSEC);
    }
}

static void advance(struct conn *c, const struct segment *seg, uint64_t now)
{
    c->snd_una = seg->ack;
    if (seq_lt(c->small_seq, c->snd_una))
        c->small_seq = c->snd_una;
    if (seq_lt(c->recover, c->snd_una) && c->ca_state == CA_OPEN)
        c->recover = c->snd_una;
    rtt_reset_backoff(c);
    c->stuck_ns = c->snd_nxt != c->snd_una ? now : 0;
    if (c->snd_nxt != c->snd_una)
        conn_arm_resend(c, now);
    else
        conn_disarm(c, TIMER_RESEND);
    conn_disarm(c, TIMER_PROBE);
}

static void news_of_loss(struct conn *c, const struct segment *seg,
                         struct delivery *d, uint64_t now)
{
    bool lost;

    if (c->snd_nxt == c->snd_una && c->ca_state == CA_OPEN && !d->sacked) {
        conn_disarm(c, TIMER_REORDER);
        recovery_step(c, seg, d, false, now);
        return;
    }
    lost = c->sack_ok && rack_detect(c, now);
    recovery_step(c, seg, d, lost, now);
}

static void update_window(struct conn *c, const struct segment *seg)
{
    uint32_t window = (uint32_t)seg->window << c->snd_scale;

    if (!seq_lt(c->snd_wl1, seg->seq) &&
        !(c->snd_wl1 == seg->seq && seq_leq(c->snd_wl2, seg->ack)))
        return;
    if (window && !c->snd_wnd && c->snd_nxt == c->snd_una) {
        conn_disarm(c, TIMER_RESEND); /* persist is over */
        c->backoffs = 0;
        c->stuck_ns = 0;
    }
    c->snd_wnd = window;
    c->snd_max_wnd = max_u32(c->snd_max_wnd, window);
    c->snd_wl1 = seg->seq;
    c->snd_wl2 = seg->ack;
}

void conn_ack(struct conn *c, const struct segment *seg, uint64_t now)
{
    struct delivery d = {.flight = conn_in_flight(c)};

    if (seq_lt(seg->ack, c->snd_una)) /* an old one */
        return;
    d.acked = seg->ack - c->snd_una;
    if (d.acked) {
        d.sacked = 0;
        retire(c, seg, &d, now);
        advance(c, seg, now);
        tx_release(c);
    }
    if (c->sack_ok)
        sack_apply(c, seg, &d, now);
    else
        reno_sack(c, seg, &d);
    measure(c, seg, &d, now);
    if (d.acked || d.sacked || c->lost_bytes || c->sacked_bytes)
        news_of_loss(c, seg, &d, now);
    if (probe_acked(c, seg, &d))
        recovery_reduce(c, now);
    update_window(c, seg);
    if (d.acked && c->snd_una == c->write_seq && c->fin_wanted)
        conn_event(c, NET_WRITABLE);
}
