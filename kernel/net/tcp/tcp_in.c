/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A segment for a connection: the checks and steps of RFC 9293, 3.10.7.4, in
 * its order, with those of RFC 5961 and RFC 7323.
 */
#include <linux/errno.h>

#include "kernel/net/tcp/conn.h"

enum { TS_OLD_DAYS = 24, FIN_WAIT2_S = 60 };

/* RFC 7323, 5: older than what we know? */
static bool paws_fails(const struct conn *c, const struct segment *seg,
                       uint64_t now)
{
    if (!c->ts_ok || !seg->opt.has_ts || (seg->flags & TCP_RST))
        return false;
    return seq_lt(seg->opt.ts_val, c->ts_recent) &&
           now - c->ts_recent_ns < TS_OLD_DAYS * 86400 * NSEC_PER_SEC;
}

/* First: is any of it in the window? */
static bool acceptable(const struct conn *c, const struct segment *seg)
{
    uint32_t window = c->rcv_adv - c->rcv_nxt;
    uint32_t end = seg->seq + seg->len + (seg->flags & TCP_FIN ? 1 : 0);

    if (seg->seq == c->rcv_nxt)
        return true; /* what is too long will be cut */
    if (end == seg->seq)
        return seg->seq - c->rcv_nxt < window;
    return seq_lt(c->rcv_nxt, end) && seq_lt(seg->seq, c->rcv_adv);
}

/* Second. RFC 5961, 3: only the exact number resets. */
static void on_reset(struct conn *c, const struct segment *seg, uint64_t now)
{
    if (seg->seq != c->rcv_nxt) {
        ack_challenge(c, now);
        return;
    }
    conn_abort(c,
               c->state == STREAM_SYN_RECV     ? ECONNREFUSED
               : c->state == STREAM_CLOSE_WAIT ? EPIPE
               : c->state == STREAM_LAST_ACK || c->state == STREAM_CLOSING
                   ? 0
                   : ECONNRESET,
               false);
}

/* RFC 7323, 4.3 */
static void remember_ts(struct conn *c, const struct segment *seg, uint64_t now)
{
    if (c->ts_ok && seg->opt.has_ts && seq_leq(seg->seq, c->ack_sent) &&
        !seq_lt(seg->opt.ts_val, c->ts_recent)) {
        c->ts_recent = seg->opt.ts_val;
        c->ts_recent_ns = now;
    }
}

/* RFC 5961, 5: neither beyond what was sent nor too old. */
static bool ack_acceptable(const struct conn *c, const struct segment *seg)
{
    return seq_leq(seg->ack, c->snd_nxt) &&
           seq_leq(c->snd_una - c->snd_max_wnd, seg->ack);
}

/* Our SYN is acknowledged. False: the connection is gone. */
static bool establish(struct conn *c, const struct segment *seg, uint64_t now)
{
    if (seg->ack != c->iss + 1) {
        conn_send_reset(c);
        return false;
    }
    c->syn_acked = true;
    c->snd_una = c->snd_nxt = c->iss + 1;
    c->snd_wnd = (uint32_t)seg->window << c->snd_scale;
    c->snd_max_wnd = c->snd_wnd;
    c->snd_wl1 = seg->seq;
    c->snd_wl2 = seg->ack;
    c->state = STREAM_ESTABLISHED;
    conn_disarm(c, TIMER_RESEND);
    rtt_reset_backoff(c);
    keep_start(c, now);
    conn_established(c);
    return true;
}

/* Our FIN is acknowledged. False: the connection has ended. */
static bool fin_acked(struct conn *c, uint64_t now)
{
    switch (c->state) {
    case STREAM_FIN_WAIT1:
        c->state = STREAM_FIN_WAIT2;
        if (c->orphan)
            conn_arm(c, TIMER_END, now + FIN_WAIT2_S * NSEC_PER_SEC);
        return true;
    case STREAM_CLOSING:
        conn_time_wait(c, now);
        return false;
    case STREAM_LAST_ACK:
        conn_abort(c, 0, false);
        return false;
    default:
        return true;
    }
}

/* The peer's FIN is in sequence. */
static void on_fin(struct conn *c, uint64_t now)
{
    c->rcv_nxt++;
    c->eof = c->fin_seen = true;
    ack_now(c);
    if (c->state == STREAM_ESTABLISHED) {
        c->state = STREAM_CLOSE_WAIT;
    } else if (c->state == STREAM_FIN_WAIT1) {
        c->state = STREAM_CLOSING;
    } else if (c->state == STREAM_FIN_WAIT2) {
        conn_send_ack(c, now);
        conn_time_wait(c, now);
        return;
    }
    conn_event(c, NET_READABLE | NET_EOF);
}

static bool receives(const struct conn *c)
{
    return c->state == STREAM_ESTABLISHED || c->state == STREAM_FIN_WAIT1 ||
           c->state == STREAM_FIN_WAIT2;
}

/* Seventh and eighth: data and FIN. */
static void take_data(struct conn *c, struct segment *seg, uint64_t now)
{
    uint32_t before = c->rcv_nxt, len = seg->len;
    bool urgent;

    if (!receives(c)) {
        if (seg->len || (seg->flags & TCP_FIN))
            ack_now(c); /* seen before */
        return;
    }
    if (len && c->orphan && seq_lt(c->rcv_nxt, seg->seq + len)) {
        conn_abort(c, 0, true); /* nobody will read it: RFC 9293, 3.6 */
        return;
    }
    if (len) {
        urgent = rx_add(c, seg);
        if (c->rcv_nxt != before)
            conn_event(c, NET_READABLE);
        ack_after_data(c, len, urgent || c->rcv_nxt == before, now);
    }
    if ((seg->flags & TCP_FIN) && seg->seq + seg->len == c->rcv_nxt)
        on_fin(c, now);
    else if (seg->flags & TCP_FIN)
        ack_now(c);
}

static void synchronized(struct conn *c, struct segment *seg, uint64_t now)
{
    if (paws_fails(c, seg, now) || !acceptable(c, seg)) {
        if (seg->flags & TCP_RST)
            return;
        if (seg->len && seq_leq(seg->seq + seg->len, c->rcv_nxt)) {
            c->dsack = (struct seq_range){seg->seq, seg->seq + seg->len};
            c->has_dsack = c->sack_ok;
            ack_now(c); /* the peer missed ours */
        } else if (seg->len || seg->seq + 1 == c->rcv_nxt ||
                   (seg->flags & TCP_FIN)) {
            ack_now(c); /* a probe wants an answer */
        } else {
            ack_challenge(c, now);
        }
        return;
    }
    if (seg->flags & TCP_RST) {
        on_reset(c, seg, now);
        return;
    }
    if (seg->flags & TCP_SYN) { /* RFC 5961, 4 */
        ack_challenge(c, now);
        return;
    }
    if (!(seg->flags & TCP_ACK))
        return;
    remember_ts(c, seg, now);
    c->heard_ns = now;
    c->keep_sent = 0;
    if (c->state == STREAM_SYN_RECV && !establish(c, seg, now))
        return;
    if (!ack_acceptable(c, seg)) {
        ack_challenge(c, now);
        return;
    }
    conn_ack(c, seg, now);
    if (conn_fin_sent(c) && c->snd_una == c->snd_nxt && !fin_acked(c, now))
        return;
    take_data(c, seg, now);
    if (c->state != STREAM_CLOSE)
        conn_output(c, now);
}

void conn_segment(struct conn *c, struct segment *seg)
{
    uint64_t now = clock_mono_ns();

    conn_hold(c);
    if (c->state == STREAM_SYN_SENT)
        conn_syn_sent(c, seg, now);
    else if (c->state != STREAM_CLOSE)
        synchronized(c, seg, now);
    conn_unhold(c);
}
