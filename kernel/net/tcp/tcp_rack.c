/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RACK (RFC 8985): a segment is lost when one that was sent sufficiently
 * later has been delivered.
 */
#include "kernel/net/tcp/bbr.h"

enum {
    DUP_THRESHOLD = 3,
    PERSIST_RECOVERIES = 16,
    MIN_RTT_S = 300,
    MULT_MAX = 16,
};

static void note_min_rtt(struct conn *c, uint64_t rtt, uint64_t now)
{
    struct rack *k = &c->rack;

    if (k->min_rtt_ns && rtt > k->min_rtt_ns &&
        now - k->min_rtt_at_ns < MIN_RTT_S * NSEC_PER_SEC)
        return;
    k->min_rtt_ns = rtt ? rtt : 1;
    k->min_rtt_at_ns = now;
}

/* The answer to a retransmission, or to the original? (RFC 8985, 6.2) */
static bool ambiguous(const struct conn *c, const struct tx_record *r,
                      uint64_t rtt, uint32_t ts_ecr)
{
    if (!r->ever_resent)
        return false;
    if (c->ts_ok && ts_ecr && seq_lt(ts_ecr, ts_now(c, r->sent_ns)))
        return true;
    return rtt < c->rack.min_rtt_ns;
}

void rack_delivered(struct conn *c, const struct tx_record *r,
                    struct delivery *d, uint64_t now, uint32_t ts_ecr)
{
    struct rack *k = &c->rack;
    uint64_t rtt = now - r->sent_ns;

    rate_delivered(c, r, d);
    if (r->ever_resent) {
        d->resent_acked = true;
    } else {
        note_min_rtt(c, rtt, now);
        d->rtt_ns = rtt ? rtt : 1;
    }
    if (k->xmit_ns && seq_lt(r->end, k->fack)) {
        if (!r->ever_resent)
            k->reordered = true;
    } else {
        k->fack = r->end;
    }
    if (ambiguous(c, r, rtt, ts_ecr))
        return;
    if (r->sent_ns > k->xmit_ns ||
        (r->sent_ns == k->xmit_ns && seq_lt(k->end, r->end))) {
        k->xmit_ns = r->sent_ns;
        k->end = r->end;
        k->rtt_ns = rtt;
    }
}

/* A needless retransmission: wait longer, one step for each round trip. */
void rack_dsack(struct conn *c)
{
    struct rack *k = &c->rack;

    if (k->dsack_seen && seq_lt(c->snd_una, k->dsack_round))
        return;
    k->dsack_seen = true;
    k->dsack_round = c->snd_nxt;
    if (k->window_mult < MULT_MAX)
        k->window_mult++;
    k->persist = PERSIST_RECOVERIES;
}

static uint64_t reorder_window(const struct conn *c)
{
    const struct rack *k = &c->rack;
    uint64_t window;

    if (!k->reordered &&
        (c->ca_state != CA_OPEN || c->sacked_bytes >= DUP_THRESHOLD * c->mss))
        return 0;
    window = k->min_rtt_ns / 4 * (1u + k->window_mult);
    return min_u64(window, c->srtt_ns);
}

bool rack_detect(struct conn *c, uint64_t now)
{
    struct rack *k = &c->rack;
    uint64_t window, wait = 0;
    bool any = false;

    if (!k->xmit_ns || (!c->sacked_bytes && c->ca_state == CA_OPEN))
        return false;
    window = reorder_window(c);
    list_for_each(pos, &c->records)
    {
        struct tx_record *r = container_of(pos, struct tx_record, node);
        uint64_t due = r->sent_ns + k->rtt_ns + window;

        if (r->sacked || (r->lost && !r->resent))
            continue;
        if (r->sent_ns > k->xmit_ns ||
            (r->sent_ns == k->xmit_ns && !seq_lt(r->end, k->end)))
            continue;
        if (due <= now) {
            record_mark_lost(c, r);
            any = true;
        } else if (due - now > wait) {
            wait = due - now;
        }
    }
    if (wait)
        conn_arm(c, TIMER_REORDER, now + wait);
    return any;
}
