/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What may be sent now: first what is lost, then new data, in pieces as large
 * as windows, Nagle's rule (RFC 9293, 3.7.4) and the device allow.
 */
#include <linux/errno.h>

#include "kernel/net/tcp/bbr.h"

enum { STREAM_FLIGHT = 64 << 10, NEAR_NS = 1000000 };

static struct list blocked = LIST_INIT(blocked);

void conn_resume(struct conn *c, uint64_t now)
{
    c->blocked = false;
    list_remove(&c->blocked_node);
    conn_output(c, now);
}

void conn_resume_all(void)
{
    struct list waiting = LIST_INIT(waiting), *node;
    uint64_t now;

    if (list_empty(&blocked))
        return;
    now = clock_mono_ns();
    while ((node = list_pop_front(&blocked)))
        list_push_back(&waiting, node);
    while (!list_empty(&waiting))
        conn_resume(list_first(&waiting, struct conn, blocked_node), now);
}

/* The device is full, or memory is short: of that nobody tells the end, so it
 * is tried again after a while. */
static void block(struct conn *c)
{
    c->blocked = true;
    if (list_empty(&c->blocked_node))
        list_push_back(&blocked, &c->blocked_node);
}

/* Payload of one segment beside the options of now. */
static uint32_t segment_max(const struct conn *c)
{
    return c->mss + (c->ts_ok ? TS_OPTION_LEN : 0) - options_len(c);
}

/* The longest packet: cut by the device, or one segment. */
static uint32_t packet_max(const struct conn *c, uint32_t mss)
{
    return c->route.cuts && mss < IP_PAYLOAD_MAX
               ? pace_packet_max(c, mss, IP_PAYLOAD_MAX / mss * mss)
               : mss;
}

int conn_resend(struct conn *c, struct tx_record *r, uint32_t max, uint64_t now)
{
    uint32_t mss = segment_max(c), len = r->end - r->seq;
    uint32_t limit = min_u32(max, packet_max(c, mss));
    bool fin;
    int err;

    if (len > limit) {
        limit -= limit > mss ? limit % mss : 0;
        if (!record_split(c, r, r->seq + limit) && len > packet_max(c, mss))
            return -ENOBUFS;
    }
    len = tx_fit(c, r->seq, r->end - r->seq, mss);
    if (len < r->end - r->seq && !record_split(c, r, r->seq + len))
        return -ENOBUFS;
    fin = c->fin_wanted && r->end == c->write_seq + 1;
    err = conn_send_data(c, r->seq, len - fin, fin, r->end == c->snd_nxt, now);
    if (err == -ENOBUFS)
        return err;
    if (!c->undo_ts && c->undo_cwnd)
        c->undo_ts = ts_now(c, now);
    record_mark_resent(c, r, now);
    c->retransmits++;
    net_counters.tcp_resent_segs += (len + mss - 1) / mss;
    c->prr_out += len;
    pace_sent(c, len, now);
    return 0;
}

/* False: windows or the device say stop. */
static bool send_lost(struct conn *c, uint64_t now)
{
    if (!c->lost_bytes)
        return true;
    list_for_each(pos, &c->records)
    {
        struct tx_record *r = container_of(pos, struct tx_record, node);
        uint32_t flight = conn_in_flight(c);

        if (!r->lost || r->resent)
            continue;
        if (flight >= c->cwnd || !pace_ok(c, now))
            return false;
        if (conn_resend(c, r, max_u32(c->cwnd - flight, c->mss), now) < 0) {
            block(c);
            return false;
        }
    }
    return true;
}

/* Much is in flight, and its acknowledgements will be here soon: until then the
 * writer may have filled the last packet (RFC 9293, 3.7.4, for packets that the
 * device cuts). */
static bool streaming(const struct conn *c)
{
    return !c->nodelay && !c->fin_wanted && c->srtt_ns < NEAR_NS &&
           c->snd_nxt - c->snd_una >= STREAM_FLIGHT;
}

/* May a last, partial segment go? */
static bool partial_ok(const struct conn *c)
{
    if (c->fin_wanted || c->cork_over)
        return true;
    if (c->cork || c->more)
        return false;
    return c->nodelay || c->snd_nxt == c->snd_una ||
           seq_leq(c->small_seq, c->snd_una); /* Minshall's variation */
}

/* How much of `unsent` may go in the next packet; 0: nothing. */
static uint32_t next_len(struct conn *c, uint32_t unsent, uint32_t mss)
{
    uint32_t flight = conn_in_flight(c);
    uint32_t congestion = c->cwnd > flight ? c->cwnd - flight : 0;
    uint32_t window = c->snd_una + c->snd_wnd - c->snd_nxt;
    uint32_t most = packet_max(c, mss), len = min_u32(unsent, most);

    if (unsent < most && streaming(c))
        return 0;
    if (seq_lt(c->snd_una + c->snd_wnd, c->snd_nxt))
        window = 0;
    if (congestion < len) {
        c->limited = true;
        c->limited_end = c->snd_nxt;
        len = congestion - congestion % mss;
        if (!len && !flight)
            len = min_u32(unsent, mss);
    }
    if (window < len) {
        len = window >= mss ? window - window % mss : window;
        /* A silly small piece waits, for a while (RFC 9293, 3.8.6.2.1). */
        if (len < mss && len < c->snd_max_wnd / 2 && len < unsent)
            return 0;
    }
    if (len % mss && len == unsent && !partial_ok(c))
        len -= len % mss;
    return tx_fit(c, c->snd_nxt, len, mss);
}

/* Sends [snd_nxt, +len) and perhaps FIN. 0 or -errno. */
static int send_new(struct conn *c, uint32_t len, uint64_t now)
{
    uint32_t end = c->snd_nxt + len, mss = segment_max(c);
    bool all = end == c->write_seq, fin = all && c->fin_wanted;
    int err = conn_send_data(c, c->snd_nxt, len, fin, all && !c->more, now);

    if (err == -ENOBUFS)
        return err;
    if (len % mss)
        c->small_seq = end;
    if (fin)
        end++;
    if (!record_add(c, c->snd_nxt, end, now)) {
        /* Sent, but not remembered: it will be sent again. */
        return -ENOBUFS;
    }
    c->prr_out += len;
    pace_sent(c, len, now);
    c->snd_nxt = end;
    c->sent_last_ns = now;
    if (!c->stuck_ns)
        c->stuck_ns = now;
    return 0;
}

bool conn_send_new(struct conn *c, uint32_t max, uint64_t now)
{
    uint32_t unsent = c->write_seq - c->snd_nxt;

    if (conn_fin_sent(c) || !unsent ||
        seq_lt(c->snd_una + c->snd_wnd, c->snd_nxt + min_u32(unsent, max)))
        return false;
    return send_new(c, min_u32(unsent, max), now) == 0;
}

static bool may_send(const struct conn *c)
{
    return c->state == STREAM_ESTABLISHED || c->state == STREAM_CLOSE_WAIT ||
           c->state == STREAM_FIN_WAIT1 || c->state == STREAM_CLOSING ||
           c->state == STREAM_LAST_ACK;
}

/* After a pause the path may have changed (RFC 5681, 4.1). */
static void restart_if_idle(struct conn *c, uint64_t now)
{
    uint32_t initial;

    if (c->snd_nxt != c->snd_una || c->ca_state != CA_OPEN ||
        now - c->sent_last_ns <= c->rto_ns)
        return;
    if (c->bbr) {
        bbr_restart(c, now);
        return;
    }
    initial = cubic_initial_window(c);
    c->cubic.epoch_ns = 0;
    if (c->cwnd > initial) {
        c->ssthresh = max_u32(c->ssthresh, c->cwnd / 4 * 3);
        c->cwnd = initial;
    }
}

static void send_fresh(struct conn *c, uint64_t now)
{
    while (!conn_fin_sent(c)) {
        uint32_t unsent = c->write_seq - c->snd_nxt;
        uint32_t len = unsent ? next_len(c, unsent, segment_max(c)) : 0;

        if ((!len && (unsent || !c->fin_wanted)) || !pace_ok(c, now))
            return;
        if (send_new(c, len, now) < 0) {
            block(c);
            return;
        }
    }
}

static void send_what_may(struct conn *c, uint64_t now)
{
    bool was_idle = c->snd_nxt == c->snd_una;

    restart_if_idle(c, now);
    if (send_lost(c, now))
        send_fresh(c, now);
    rate_check_app(c);
    if (c->snd_nxt != c->snd_una) {
        if (was_idle || !conn_armed(c, TIMER_RESEND))
            conn_arm_resend(c, now);
        probe_arm(c, now);
    } else if (!conn_armed(c, TIMER_RESEND) &&
               (c->blocked ||
                (c->write_seq != c->snd_una &&
                 c->snd_wnd < min_u32(c->mss, c->write_seq - c->snd_una)))) {
        conn_arm(c, TIMER_RESEND, now + c->rto_ns); /* persist */
    }
}

void conn_output(struct conn *c, uint64_t now)
{
    if (!may_send(c))
        return;
    if (!c->blocked)
        send_what_may(c, now);
    tx_tell(c);
}
