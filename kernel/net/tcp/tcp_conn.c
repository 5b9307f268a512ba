/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection's life: defaults, what SYNs agree on, the ways it ends.
 */
#include "kernel/net/tcp/bbr.h"

#include "kernel/core/random.h"
#include "kernel/net/tcp/time_wait.h"
#include "lib/string.h"

enum {
    SNDBUF_FIRST = 512 << 10,
    RCVBUF_FIRST = 512 << 10,
    RCVBUF_MAX = 4 << 20,
    KEEP_IDLE_S = 7200,
    KEEP_INTVL_S = 75,
    KEEP_CNT = 9,
    TTL = 64,
    IP_TCP_V4 = 20 + 20,
    IP_TCP_V6 = 40 + 20,
    MTU_MIN = 296,
};

void conn_init(struct conn *c)
{
    c->state = STREAM_CLOSE;
    c->ttl = TTL;
    c->sndbuf = SNDBUF_FIRST;
    c->rcvbuf = RCVBUF_FIRST;
    c->rcvbuf_max = RCVBUF_MAX;
    c->keep_idle_s = KEEP_IDLE_S;
    c->keep_intvl_s = KEEP_INTVL_S;
    c->keep_cnt = KEEP_CNT;
    list_init(&c->chunks);
    list_init(&c->records);
    list_init(&c->rx);
    list_init(&c->rx_ooo);
    list_init(&c->ack_node);
    list_init(&c->blocked_node);
    c->timer.fn = conn_on_timer;
    for (unsigned i = 0; i < NR_TIMERS; i++)
        c->due_ns[i] = NO_DEADLINE;
}

/* Nothing is sent or awaited any more; what was received stays. */
static void stop(struct conn *c)
{
    c->state = STREAM_CLOSE;
    timer_cancel(&c->timer);
    for (unsigned i = 0; i < NR_TIMERS; i++)
        c->due_ns[i] = NO_DEADLINE;
    table_remove(&c->node);
    list_remove(&c->ack_node);
    c->ack_due = ACK_NONE;
    list_remove(&c->blocked_node);
    bbr_stop(c);
    records_free(c);
    tx_free(c);
    ooo_free(c);
}

void conn_destroy(struct conn *c)
{
    stop(c);
    rx_free(c);
}

uint16_t conn_our_mss(const struct path *r, bool v6, uint16_t user)
{
    uint32_t headers = v6 ? IP_TCP_V6 : IP_TCP_V4;
    uint32_t mss = r->mtu > headers + MSS_MIN ? r->mtu - headers : MSS_MIN;

    if (mss > UINT16_MAX - headers)
        mss = UINT16_MAX - headers;
    return (uint16_t)(user && user < mss ? user : mss);
}

void conn_start(struct conn *c, uint32_t iss, uint64_t now)
{
    struct conn_key key;
    uint64_t secret;

    conn_key_make(&key, &c->local, &c->peer);
    secret = conn_key_secret(&key);
    table_add(&c->node, &key, NODE_CONN);
    c->iss = c->snd_una = c->snd_nxt = iss;
    c->write_seq = c->small_seq = c->recover = iss + 1;
    c->ts_offset = (uint32_t)(secret >> 32);
    c->rto_ns = NSEC_PER_SEC;
    c->heard_ns = now;
    c->challenged_ns = 0;
    c->peer_mss = c->peer.family == NET_V6 ? MSS_DEFAULT_V6 : MSS_DEFAULT;
    conn_update_mss(c);
    c->ssthresh = UINT32_MAX;
    c->cwnd = cubic_initial_window(c);
    c->drs_ns = now;
}

void conn_update_mss(struct conn *c)
{
    uint16_t mss =
        conn_our_mss(&c->route, c->peer.family == NET_V6, c->user_mss);

    if (c->peer_mss < mss)
        mss = c->peer_mss;
    if (mss < MSS_MIN)
        mss = MSS_MIN;
    c->mss = (uint16_t)(mss - (c->ts_ok ? TS_OPTION_LEN : 0));
}

void conn_agree(struct conn *c, const struct segment *seg, uint64_t now)
{
    const struct tcp_options *o = &seg->opt;

    c->irs = seg->seq;
    c->rcv_nxt = c->ack_sent = seg->seq + 1;
    c->rcv_adv = c->rcv_nxt + min_u32(c->rcvbuf, UINT16_MAX);
    c->scale_ok = o->has_scale;
    c->snd_scale = o->has_scale ? o->scale : 0;
    c->rcv_scale = o->has_scale ? RCV_SCALE : 0;
    c->sack_ok = o->sack_permitted;
    c->ts_ok = o->has_ts;
    c->ts_recent = o->ts_val;
    c->ts_recent_ns = now;
    if (o->mss)
        c->peer_mss = o->mss < MSS_MIN ? MSS_MIN : o->mss;
    conn_update_mss(c);
    c->cwnd = cubic_initial_window(c);
    c->rcv_mss = min_u32(c->mss, MSS_DEFAULT);
    c->snd_wnd = seg->window; /* never scaled in a SYN */
    c->snd_max_wnd = c->snd_wnd;
    c->snd_wl1 = seg->seq;
    c->snd_wl2 = seg->ack;
    c->quick_acks = 16;
}

void conn_path_mtu(struct conn *c, uint32_t mtu)
{
    uint16_t before = c->mss;

    if (mtu < MTU_MIN)
        mtu = MTU_MIN;
    if (!c->route.found || mtu >= c->route.mtu)
        return;
    c->route.mtu = mtu;
    conn_update_mss(c);
    if (c->mss >= before || c->state == STREAM_SYN_SENT)
        return;
    /* What was too long is lost, and not because of congestion. */
    list_for_each(pos, &c->records)
    {
        struct tx_record *r = container_of(pos, struct tx_record, node);

        if (!r->sacked && r->end - r->seq > c->mss)
            record_mark_lost(c, r);
    }
    conn_output(c, clock_mono_ns());
}

static void count_abort(uint8_t state)
{
    net_counters.tcp_attempt_fails +=
        state == STREAM_SYN_SENT || state == STREAM_SYN_RECV;
    net_counters.tcp_estab_resets +=
        state == STREAM_ESTABLISHED || state == STREAM_CLOSE_WAIT;
}

void conn_abort(struct conn *c, int error, bool tell_peer)
{
    count_abort(c->state);
    if (tell_peer && c->state != STREAM_CLOSE && c->state != STREAM_SYN_SENT)
        conn_send_reset(c);
    stop(c);
    conn_ended(c, error);
}

void conn_time_wait(struct conn *c, uint64_t now)
{
    table_remove(&c->node);
    time_wait_add(c, now);
    stop(c);
    conn_ended(c, 0);
}
