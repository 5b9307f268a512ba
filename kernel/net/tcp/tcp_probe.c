/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tail loss probe (RFC 8985, 7): when acknowledgements stay away, one segment
 * is sent before the retransmission timer gives up all of them.
 */
#include "kernel/net/tcp/conn.h"

enum { DELAYED_ACK_MS = 200, SLACK_MS = 2 };

static bool wanted(const struct conn *c)
{
    return c->sack_ok && c->ca_state == CA_OPEN && !c->rack.probing &&
           !c->sacked_bytes && !c->lost_bytes && c->srtt_ns;
}

void probe_arm(struct conn *c, uint64_t now)
{
    uint64_t wait = 2 * c->srtt_ns + SLACK_MS * MSEC;

    if (!wanted(c)) {
        conn_disarm(c, TIMER_PROBE);
        return;
    }
    if (c->snd_nxt - c->snd_una <= c->mss)
        wait += DELAYED_ACK_MS * MSEC;
    if (now + wait >= c->due_ns[TIMER_RESEND])
        conn_disarm(c, TIMER_PROBE); /* the other comes first */
    else
        conn_arm(c, TIMER_PROBE, now + wait);
}

/* The last segment once more. */
static bool resend_last(struct conn *c, uint64_t now)
{
    struct tx_record *r = container_of(c->records.prev, struct tx_record, node);

    if (r->end - r->seq > c->mss)
        r = record_split(c, r, r->end - c->mss);
    return r && conn_resend(c, r, c->mss, now) == 0;
}

void probe_timeout(struct conn *c, uint64_t now)
{
    struct rack *k = &c->rack;

    if (!wanted(c) || c->snd_nxt == c->snd_una || list_empty(&c->records))
        return;
    if (conn_send_new(c, c->mss, now))
        k->probe_resent = false;
    else if (resend_last(c, now))
        k->probe_resent = true;
    else
        return;
    k->probing = true;
    k->probe_end = c->snd_nxt;
    conn_arm_resend(c, now);
}

bool probe_acked(struct conn *c, const struct segment *seg,
                 const struct delivery *d)
{
    struct rack *k = &c->rack;

    if (!k->probing || seq_lt(seg->ack, k->probe_end))
        return false;
    if (!k->probe_resent || d->dsack) {
        k->probing = false; /* nothing was lost */
        return false;
    }
    if (seq_lt(k->probe_end, seg->ack)) {
        k->probing = false; /* the probe repaired a loss */
        return c->ca_state == CA_OPEN;
    }
    if (!d->acked && !seg->len && !seg->opt.nr_sack)
        k->probing = false; /* a plain duplicate: both have arrived */
    return false;
}
