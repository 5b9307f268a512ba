/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options and statistics of streams (tcp(7), socket(7), ip(7)).
 */
#include <linux/errno.h>

#include "kernel/net/tcp/stream.h"

enum { SNDBUF_MIN = 4608, RCVBUF_MIN = 2304, BUF_MAX = 16 << 20 };

static uint32_t clamp(int value, int lo, int hi)
{
    return (uint32_t)(value < lo ? lo : value > hi ? hi : value);
}

/* What was held back may go now. */
static void release(struct stream *s)
{
    if (s->connected)
        stream_flush(s);
}

static void set_keep(struct conn *c)
{
    if (c->state != STREAM_CLOSE && c->syn_acked)
        keep_start(c, clock_mono_ns());
}

static int set_conn(struct stream *s, enum net_opt opt, int value)
{
    struct conn *c = &s->conn;

    switch (opt) {
    case NET_OPT_KEEPALIVE:
        c->keepalive = value;
        break;
    case NET_OPT_KEEPIDLE:
        c->keep_idle_s = (uint32_t)value;
        break;
    case NET_OPT_KEEPINTVL:
        c->keep_intvl_s = (uint32_t)value;
        break;
    case NET_OPT_KEEPCNT:
        c->keep_cnt = (uint32_t)value;
        break;
    case NET_OPT_TTL:
        c->ttl = (uint8_t)value;
        return 0;
    case NET_OPT_TOS:
        c->tos = (uint8_t)value;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
    set_keep(c);
    return 0;
}

int stream_set(struct stream *s, enum net_opt opt, int value)
{
    struct conn *c = &s->conn;

    switch (opt) {
    case NET_OPT_NODELAY:
        c->nodelay = value;
        if (value)
            release(s);
        return 0;
    case NET_OPT_CORK:
        c->cork = value;
        if (!value)
            release(s);
        return 0;
    case NET_OPT_REUSEADDR:
        c->reuseaddr = value;
        return 0;
    case NET_OPT_REUSEPORT:
        s->reuseport = value;
        return 0;
    case NET_OPT_V6ONLY:
        s->v6only = value;
        return 0;
    case NET_OPT_DEVICE:
        s->device = (uint32_t)value;
        return 0;
    case NET_OPT_SNDBUF:
        c->sndbuf = clamp(value, SNDBUF_MIN, BUF_MAX);
        c->sndbuf_fixed = true;
        return 0;
    case NET_OPT_RCVBUF:
        c->rcvbuf = clamp(value, RCVBUF_MIN, BUF_MAX);
        c->rcvbuf_fixed = true;
        return 0;
    case NET_OPT_USER_TIMEOUT_MS:
        c->user_timeout_ms = (uint32_t)value;
        return 0;
    case NET_OPT_MSS:
        c->user_mss = (uint16_t)value;
        return 0;
    case NET_OPT_CONGESTION:
        return congestion_set(c, value, clock_mono_ns());
    case NET_OPT_PACE_MAX:
        c->pace_max = (uint32_t)value == UINT32_MAX ? 0 : (uint32_t)value;
        return 0;
    default:
        return set_conn(s, opt, value);
    }
}

int stream_get(const struct stream *s, enum net_opt opt, int *value)
{
    const struct conn *c = &s->conn;

    switch (opt) {
    case NET_OPT_NODELAY:
        *value = c->nodelay;
        return 0;
    case NET_OPT_CORK:
        *value = c->cork;
        return 0;
    case NET_OPT_REUSEADDR:
        *value = c->reuseaddr;
        return 0;
    case NET_OPT_SNDBUF:
        *value = (int)c->sndbuf;
        return 0;
    case NET_OPT_RCVBUF:
        *value = (int)c->rcvbuf;
        return 0;
    case NET_OPT_USER_TIMEOUT_MS:
        *value = (int)c->user_timeout_ms;
        return 0;
    case NET_OPT_KEEPALIVE:
        *value = c->keepalive;
        return 0;
    case NET_OPT_KEEPIDLE:
        *value = (int)c->keep_idle_s;
        return 0;
    case NET_OPT_KEEPINTVL:
        *value = (int)c->keep_intvl_s;
        return 0;
    case NET_OPT_KEEPCNT:
        *value = (int)c->keep_cnt;
        return 0;
    case NET_OPT_MSS:
        *value = s->connected ? c->mss : c->user_mss ? c->user_mss : 536;
        return 0;
    case NET_OPT_CONGESTION:
        *value = congestion_get(c);
        return 0;
    case NET_OPT_PACE_MAX:
        *value = (int)(c->pace_max ? c->pace_max : UINT32_MAX);
        return 0;
    case NET_OPT_TTL:
        *value = c->ttl;
        return 0;
    case NET_OPT_TOS:
        *value = c->tos;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

void stream_info(const struct stream *s, struct stream_info *out)
{
    const struct conn *c = &s->conn;

    *out = (struct stream_info){.state = stream_state(s)};
    if (s->listening || c->state == STREAM_CLOSE)
        return;
    out->snd_mss = c->mss;
    out->rcv_mss = c->rcv_mss;
    out->rtt_us = (uint32_t)(c->srtt_ns / 1000);
    out->rto_us = (uint32_t)(c->rto_ns / 1000);
    out->cwnd_bytes = c->cwnd;
    out->ssthresh_bytes = c->ssthresh;
    out->snd_wnd_bytes = c->snd_wnd;
    out->rcv_wnd_bytes = c->rcv_adv - c->rcv_nxt;
    out->unacked_bytes = c->snd_nxt - c->snd_una;
    out->retransmits = c->retransmits;
    out->snd_scale = c->snd_scale;
    out->rcv_scale = c->rcv_scale;
}
