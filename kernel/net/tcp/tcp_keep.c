/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking a silent peer: keep-alive (RFC 9293, 3.8.4) and, while its window is
 * shut, persist (3.8.6.1). Both with an old number, which wants an answer.
 */
#include <linux/errno.h>

#include "kernel/net/tcp/conn.h"

enum { PERSIST_MAX_S = 120, PERSIST_ORPHAN = 8 };

void keep_start(struct conn *c, uint64_t now)
{
    c->keep_sent = 0;
    if (c->keepalive)
        conn_arm(c, TIMER_KEEP, now + c->keep_idle_s * NSEC_PER_SEC);
    else
        conn_disarm(c, TIMER_KEEP);
}

static bool given_up(const struct conn *c, uint64_t now)
{
    uint64_t silent = now - c->heard_ns;

    if (c->user_timeout_ms)
        return c->keep_sent && silent >= c->user_timeout_ms * MSEC;
    return c->keep_sent >= c->keep_cnt;
}

void keep_timeout(struct conn *c, uint64_t now)
{
    uint64_t due = c->heard_ns + c->keep_idle_s * NSEC_PER_SEC;

    if (!c->keepalive || c->state == STREAM_CLOSE)
        return;
    if (due > now) { /* it spoke meanwhile */
        c->keep_sent = 0;
        conn_arm(c, TIMER_KEEP, due);
        return;
    }
    if (c->snd_nxt == c->snd_una) { /* else retransmission finds out */
        if (given_up(c, now)) {
            conn_abort(c, ETIMEDOUT, true);
            return;
        }
        c->keep_sent++;
        conn_send_probe(c, now);
    }
    conn_arm(c, TIMER_KEEP, now + c->keep_intvl_s * NSEC_PER_SEC);
}

void persist_timeout(struct conn *c, uint64_t now)
{
    uint64_t wait;

    if (c->snd_wnd) { /* a small one: use it, silly or not */
        conn_send_new(c, min_u32(c->snd_wnd, c->mss), now);
        if (c->snd_nxt != c->snd_una) {
            conn_arm_resend(c, now);
            return;
        }
    }
    if ((c->orphan && c->backoffs >= PERSIST_ORPHAN) ||
        (c->user_timeout_ms && c->stuck_ns &&
         now - c->stuck_ns > c->user_timeout_ms * MSEC)) {
        conn_abort(c, ETIMEDOUT, true);
        return;
    }
    if (!c->stuck_ns)
        c->stuck_ns = now;
    conn_send_probe(c, now);
    if (c->backoffs < 20)
        c->backoffs++;
    wait = min_u64(c->rto_ns << min_u32(c->backoffs, 10),
                   PERSIST_MAX_S * NSEC_PER_SEC);
    conn_arm(c, TIMER_RESEND, now + wait);
}
