/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening from our side (RFC 9293, 3.10.7.3): SYN-SENT, both sides opening at
 * once, and what happens when nobody answers.
 */
#include <linux/errno.h>

#include "kernel/net/tcp/time_wait.h"

enum { RETRIES = 6 };

void conn_connect(struct conn *c, uint64_t now)
{
    net_counters.tcp_active_opens++;
    c->state = STREAM_SYN_SENT;
    c->snd_nxt = c->iss + 1;
    c->stuck_ns = now;
    c->sent_last_ns = now;
    conn_send_syn(c, now);
    conn_arm_resend(c, now);
}

void conn_syn_timeout(struct conn *c, uint64_t now)
{
    if (c->backoffs >= RETRIES ||
        (c->user_timeout_ms &&
         now - c->stuck_ns >= c->user_timeout_ms * MSEC)) {
        conn_abort(c, ETIMEDOUT, false);
        return;
    }
    rtt_back_off(c);
    c->retransmits++;
    conn_send_syn(c, now);
    conn_arm_resend(c, now);
}

/* The peer's SYN acknowledges ours. */
static void connected(struct conn *c, struct segment *seg, uint64_t now)
{
    uint32_t backoffs = c->backoffs;

    conn_agree(c, seg, now);
    c->syn_acked = true;
    c->snd_una = seg->ack;
    c->snd_nxt = seg->ack;
    c->state = STREAM_ESTABLISHED;
    c->stuck_ns = 0;
    c->heard_ns = now;
    conn_disarm(c, TIMER_RESEND);
    rtt_reset_backoff(c);
    if (!backoffs)
        rtt_sample(c, max_u32(1, (uint32_t)(now - c->sent_last_ns)));
    keep_start(c, now);
    conn_established(c);
    ack_now(c);
    conn_output(c, now);
}

void conn_syn_sent(struct conn *c, struct segment *seg, uint64_t now)
{
    bool ack = seg->flags & TCP_ACK;

    if (ack && seg->ack != c->iss + 1) {
        if (!(seg->flags & TCP_RST))
            reset_stray(seg);
        return;
    }
    if (seg->flags & TCP_RST) {
        if (ack)
            conn_abort(c, ECONNREFUSED, false);
        return;
    }
    if (!(seg->flags & TCP_SYN))
        return;
    if (ack) {
        connected(c, seg, now);
        return;
    }
    conn_agree(c, seg, now); /* both at once: RFC 9293, 3.5 */
    c->state = STREAM_SYN_RECV;
    conn_send_syn(c, now);
}
