/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options and statistics of streams (tcp(7), socket(7), ip(7)).
 */
#include <linux/errno.h>

#include "kernel/net/lwip/stream.h"

enum { SNDBUF_MIN = 4608, RCVBUF_MIN = 2304, BUF_MAX = 64 << 20 };

static int clamp(int value, int lo, int hi)
{
    return value < lo ? lo : value > hi ? hi : value;
}

static void set_cork(struct stream *s, bool on)
{
    s->cork = on;
    if (!on)
        stream_flush(s);
}

static void set_nodelay(struct stream *s, bool on)
{
    if (s->listening) {
        s->nodelay = on;
        return;
    }
    if (!on) {
        tcp_nagle_enable(s->pcb);
        return;
    }
    tcp_nagle_disable(s->pcb);
    if (s->connected) {
        tcp_output(s->pcb);
        lwip_kick();
    }
}

/* Options of the connection itself; listeners keep some for their children. */
static int set_pcb(struct stream *s, enum net_opt opt, int value)
{
    struct tcp_pcb *pcb = s->pcb;
    uint32_t ms = (uint32_t)value * 1000;

    if (!pcb)
        return 0; /* too late to matter, as on Linux */
    switch (opt) {
    case NET_OPT_NODELAY:
        set_nodelay(s, value);
        return 0;
    case NET_OPT_KEEPALIVE:
        if (value)
            ip_set_option(pcb, SOF_KEEPALIVE);
        else
            ip_reset_option(pcb, SOF_KEEPALIVE);
        return 0;
    case NET_OPT_KEEPIDLE:
        *(s->listening ? &s->keep_idle_ms : &pcb->keep_idle) = ms;
        return 0;
    case NET_OPT_KEEPINTVL:
        *(s->listening ? &s->keep_intvl_ms : &pcb->keep_intvl) = ms;
        return 0;
    case NET_OPT_KEEPCNT:
        *(s->listening ? &s->keep_cnt : &pcb->keep_cnt) = (u32_t)value;
        return 0;
    case NET_OPT_TTL:
        pcb->ttl = (u8_t)value;
        return 0;
    case NET_OPT_TOS:
        pcb->tos = (u8_t)value;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

void stream_limit_mss(struct stream *s)
{
    if (s->user_mss && s->pcb && s->pcb->mss > s->user_mss)
        s->pcb->mss = s->user_mss;
}

int stream_set(struct stream *s, enum net_opt opt, int value)
{
    switch (opt) {
    case NET_OPT_CORK:
        set_cork(s, value);
        return 0;
    case NET_OPT_REUSEADDR:
        s->reuseaddr = value;
        return 0;
    case NET_OPT_REUSEPORT:
        s->reuseport = value;
        return 0;
    case NET_OPT_V6ONLY:
        s->v6only = value;
        if (s->pcb && s->pcb->state == CLOSED && !s->pcb->local_port)
            IP_SET_TYPE(&s->pcb->local_ip,
                        value ? IPADDR_TYPE_V6 : IPADDR_TYPE_ANY);
        return 0;
    case NET_OPT_SNDBUF:
        s->sndbuf = (uint32_t)clamp(value, SNDBUF_MIN, BUF_MAX);
        return 0;
    case NET_OPT_RCVBUF:
        s->rcvbuf = (uint32_t)clamp(value, RCVBUF_MIN, BUF_MAX);
        return 0;
    case NET_OPT_USER_TIMEOUT_MS:
        s->user_timeout_ms = (uint32_t)value;
        return 0;
    case NET_OPT_MSS:
        s->user_mss = (u16_t)value;
        return 0;
    default:
        return set_pcb(s, opt, value);
    }
}

static int get_pcb(const struct stream *s, enum net_opt opt, int *value)
{
    const struct tcp_pcb *pcb = s->pcb;
    bool l = s->listening;

    *value = 0;
    if (!pcb)
        return 0;
    switch (opt) {
    case NET_OPT_NODELAY:
        *value = l ? s->nodelay : !!tcp_nagle_disabled(pcb);
        return 0;
    case NET_OPT_KEEPALIVE:
        *value = !!ip_get_option(pcb, SOF_KEEPALIVE);
        return 0;
    case NET_OPT_KEEPIDLE:
        *value = (int)((l ? s->keep_idle_ms : pcb->keep_idle) / 1000);
        return 0;
    case NET_OPT_KEEPINTVL:
        *value = (int)((l ? s->keep_intvl_ms : pcb->keep_intvl) / 1000);
        return 0;
    case NET_OPT_KEEPCNT:
        *value = (int)(l ? s->keep_cnt : pcb->keep_cnt);
        return 0;
    case NET_OPT_MSS:
        *value = s->connected ? pcb->mss : s->user_mss ? s->user_mss : 536;
        return 0;
    case NET_OPT_TTL:
        *value = pcb->ttl;
        return 0;
    case NET_OPT_TOS:
        *value = pcb->tos;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

int stream_get(const struct stream *s, enum net_opt opt, int *value)
{
    switch (opt) {
    case NET_OPT_CORK:
        *value = s->cork;
        return 0;
    case NET_OPT_REUSEADDR:
        *value = s->reuseaddr;
        return 0;
    case NET_OPT_SNDBUF:
        *value = (int)s->sndbuf;
        return 0;
    case NET_OPT_RCVBUF:
        *value = (int)s->rcvbuf;
        return 0;
    case NET_OPT_USER_TIMEOUT_MS:
        *value = (int)s->user_timeout_ms;
        return 0;
    default:
        return get_pcb(s, opt, value);
    }
}

void stream_info(const struct stream *s, struct stream_info *out)
{
    const struct tcp_pcb *pcb = s->pcb;

    memset(out, 0, sizeof(*out));
    out->state = stream_state(s);
    if (!pcb || s->listening)
        return;
    out->snd_mss = out->rcv_mss = pcb->mss;
    out->rtt_us = (uint32_t)(pcb->sa >> 3) * SLOW_TICK_MS * 1000;
    out->rto_us = (uint32_t)pcb->rto * SLOW_TICK_MS * 1000;
    out->cwnd_bytes = pcb->cwnd;
    out->ssthresh_bytes = pcb->ssthresh;
    out->snd_wnd_bytes = pcb->snd_wnd;
    out->rcv_wnd_bytes = pcb->rcv_wnd;
    out->unacked_bytes = pcb->snd_nxt - pcb->lastack;
    out->retransmits = pcb->nrtx;
    out->snd_scale = pcb->snd_scale;
    out->rcv_scale = pcb->rcv_scale;
}
