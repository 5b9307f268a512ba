/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From loss to normal again: fast recovery with proportional rate reduction
 * (RFC 6937), the retransmission timeout (RFC 6298, RFC 5681), and taking
 * both back when time stamps prove them wrong (RFC 3522).
 */
#include <linux/errno.h>

#include "kernel/net/tcp/bbr.h"

enum { RETRIES = 15, RETRIES_ORPHAN = 8, DUP_THRESHOLD = 3 };

static void remember_undo(struct conn *c)
{
    c->undo_cwnd = c->cwnd;
    c->undo_ssthresh = c->ssthresh;
    c->undo_ts = 0; /* set by the first retransmission */
}

static void enter(struct conn *c, uint64_t now)
{
    remember_undo(c);
    c->ca_state = CA_RECOVERY;
    c->recover = c->snd_nxt;
    c->prr_flight = max_u32(conn_in_flight(c) + c->lost_bytes, c->mss);
    c->prr_delivered = c->prr_out = 0;
    if (!c->bbr)
        c->ssthresh = cubic_ssthresh(c, now);
    if (c->rack.persist && --c->rack.persist == 0)
        c->rack.window_mult = 0;
    conn_disarm(c, TIMER_PROBE);
    c->rack.probing = false;
}

static void leave(struct conn *c)
{
    if (c->ca_state == CA_RECOVERY && !c->bbr)
        c->cwnd = c->ssthresh;
    c->ca_state = CA_OPEN;
    c->undo_cwnd = 0;
    c->dupacks = 0;
}

/* RFC 6937, 3.1, with the slow start reduction bound. */
static void reduce(struct conn *c, const struct delivery *d)
{
    uint32_t delivered = d->acked + d->sacked, flight = conn_in_flight(c);
    int64_t send;

    c->prr_delivered += delivered;
    if (flight > c->ssthresh) {
        uint64_t share = (uint64_t)c->prr_delivered * c->ssthresh;

        send =
            (int64_t)((share + c->prr_flight - 1) / c->prr_flight) - c->prr_out;
    } else {
        int64_t limit = (int64_t)c->prr_delivered - c->prr_out;

        if (limit < (int64_t)delivered)
            limit = delivered;
        limit += c->mss;
        send = c->ssthresh - flight;
        if (send > limit)
            send = limit;
    }
    if (send < 0)
        send = 0;
    if (!c->prr_out && send < c->mss) /* the first one goes in any case */
        send = c->mss;
    c->cwnd = flight + (uint32_t)send;
}

/* The answer is to what was sent before the first retransmission. */
static bool was_spurious(const struct conn *c, const struct segment *seg,
                         const struct delivery *d)
{
    return c->undo_cwnd && c->undo_ts && d->acked && c->ts_ok &&
           seg->opt.has_ts && seg->opt.ts_ecr &&
           seq_lt(seg->opt.ts_ecr, c->undo_ts);
}

static void undo(struct conn *c)
{
    list_for_each(pos, &c->records)
    {
        struct tx_record *r = container_of(pos, struct tx_record, node);

        if (!r->sacked)
            record_clear(c, r);
    }
    c->cwnd = max_u32(c->cwnd, c->undo_cwnd);
    c->ssthresh = max_u32(c->ssthresh, c->undo_ssthresh);
    c->ca_state = CA_OPEN;
    c->undo_cwnd = 0;
    c->dupacks = 0;
}

/* Without SACK the first segment is what is missing. */
static bool reno_detect(struct conn *c, const struct delivery *d)
{
    struct tx_record *r = list_first(&c->records, struct tx_record, node);
    bool partial = c->ca_state != CA_OPEN && d->acked;

    if (c->sack_ok || !r || r->lost ||
        !(partial || (c->ca_state == CA_OPEN && c->dupacks >= DUP_THRESHOLD)))
        return false;
    if (r->end - r->seq > c->mss)
        record_split(c, r, r->seq + c->mss);
    record_mark_lost(c, r);
    return true;
}

static void grow(struct conn *c, const struct delivery *d, uint64_t now)
{
    bool limited = c->limited && seq_leq(c->snd_una - d->acked, c->limited_end);

    if (!d->acked)
        return;
    if (limited || (c->cwnd < c->ssthresh && c->cwnd < 2 * d->flight))
        cubic_acked(c, d->acked, now);
    if (c->limited && seq_lt(c->limited_end, c->snd_una))
        c->limited = false;
}

void recovery_step(struct conn *c, const struct segment *seg,
                   const struct delivery *d, bool lost, uint64_t now)
{
    if (seg && c->ca_state != CA_OPEN && was_spurious(c, seg, d)) {
        undo(c);
        return;
    }
    if (c->ca_state != CA_OPEN && seq_leq(c->recover, c->snd_una))
        leave(c);
    lost |= reno_detect(c, d);
    if (lost && c->ca_state == CA_OPEN)
        enter(c, now);
    if (c->bbr)
        bbr_acked(c, d, now);
    else if (c->ca_state == CA_RECOVERY)
        reduce(c, d);
    else
        grow(c, d, now);
}

void recovery_reduce(struct conn *c, uint64_t now)
{
    if (c->bbr)
        return;
    c->ssthresh = cubic_ssthresh(c, now);
    c->cwnd = min_u32(c->cwnd, c->ssthresh);
}

static bool given_up(const struct conn *c, uint64_t now)
{
    if (c->user_timeout_ms)
        return c->stuck_ns && now - c->stuck_ns >= c->user_timeout_ms * MSEC;
    return c->backoffs >= (c->orphan ? RETRIES_ORPHAN : RETRIES);
}

static void mark_all_lost(struct conn *c)
{
    struct tx_record *r = list_first(&c->records, struct tx_record, node);
    bool reneged = r && r->sacked; /* RFC 2018, 8 */

    list_for_each(pos, &c->records)
    {
        r = container_of(pos, struct tx_record, node);
        if (!r->sacked || reneged)
            record_mark_lost(c, r);
    }
    if (!c->sack_ok)
        c->sacked_bytes = c->dupacks = 0;
}

void recovery_timeout(struct conn *c, uint64_t now)
{
    struct tx_record *r;

    if (given_up(c, now)) {
        conn_abort(c, ETIMEDOUT, true);
        return;
    }
    if (c->ca_state != CA_LOSS) {
        if (c->ca_state == CA_OPEN)
            remember_undo(c);
        if (c->bbr)
            bbr_timeout(c);
        else
            c->ssthresh = cubic_ssthresh(c, now);
    }
    mark_all_lost(c);
    c->ca_state = CA_LOSS;
    c->recover = c->snd_nxt;
    c->cwnd = c->mss;
    c->rack.probing = false;
    conn_disarm(c, TIMER_PROBE);
    conn_disarm(c, TIMER_REORDER);
    rtt_back_off(c);
    net_counters.tcp_timeouts++;
    r = list_first(&c->records, struct tx_record, node);
    if (r)
        conn_resend(c, r, c->mss, now);
    conn_arm_resend(c, now);
}
