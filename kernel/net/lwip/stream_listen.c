/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listening streams and their queue of finished connections. When it is full
 * new requests are dropped, so that peers try again, as Linux does.
 *
 * Listeners with SO_REUSEPORT and the same address stand on one of lwIP's,
 * whose argument is one of them.
 */
#include <linux/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/net/lwip/demux.h"
#include "kernel/net/lwip/stream.h"
#include "lwip_hooks.h"

enum { BACKLOG_MAX = 4096, HALF_OPEN_MAX = 255 };

static void inherit(struct stream *s, const struct stream *from)
{
    s->sndbuf = from->sndbuf;
    s->rcvbuf = from->rcvbuf;
    s->cork = from->cork;
    s->user_timeout_ms = from->user_timeout_ms;
    s->user_mss = from->user_mss;
}

/* The member for this peer: the same as long as the group stays the same. */
static struct stream *pick(struct stream *l, const struct tcp_pcb *pcb)
{
    unsigned n = 1;
    struct list *pos;

    list_for_each(member, &l->group) n++;
    n = n > 1 ? reuseport_hash(&pcb->remote_ip, pcb->remote_port) % n : 0;
    for (pos = &l->group; n > 0; n--)
        pos = pos->next;
    return container_of(pos, struct stream, group);
}

/* arg is who listened when the SYN came: perhaps gone. */
static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct stream *l, *s;

    (void)arg;
    l = pcb && pcb->listener ? pcb->listener->callback_arg : NULL;
    if (!l || !pcb || err != ERR_OK)
        return ERR_VAL;
    l = pick(l, pcb);
    s = stream_wrap(pcb, l->family);
    if (!s)
        return ERR_MEM;
    inherit(s, l);
    pcb->keep_idle = l->keep_idle_ms;
    pcb->keep_intvl = l->keep_intvl_ms;
    pcb->keep_cnt = l->keep_cnt;
    if (l->nodelay)
        tcp_nagle_disable(pcb);
    s->connected = true;
    stream_limit_mss(s);
    s->listener = l;
    stream_remember(s);
    list_push_back(&l->accept_queue, &s->accept_node);
    l->nr_accept++;
    stream_event(l, NET_READABLE);
    return ERR_OK;
}

/* A SYN came: the connection exists, half open. */
static err_t on_passive_open(u8_t id, struct tcp_pcb_listen *lpcb,
                             struct tcp_pcb *pcb)
{
    (void)id;
    (void)lpcb;
    pcb->rto = pcb->sv = RTO_FIRST_TICKS;
    demux_add(pcb);
    return ERR_OK;
}

static const struct tcp_ext_arg_callbacks listen_callbacks = {
    .passive_open = on_passive_open,
};

struct stream *stream_sharing(const struct stream *s, const ip_addr_t *ip,
                              uint16_t port)
{
    struct tcp_pcb_listen *l = tcp_listen_pcbs.listen_pcbs;

    for (; l && s->reuseport; l = l->next) {
        struct stream *other = l->callback_arg;

        if (l->local_port == port && other && other->reuseport &&
            IP_GET_TYPE(&l->local_ip) == IP_GET_TYPE(ip) &&
            ip_addr_cmp(&l->local_ip, ip))
            return other;
    }
    return NULL;
}

static void join_group(struct stream *s, struct stream *other)
{
    struct tcp_pcb *pcb = s->pcb;

    stream_detach(s);
    tcp_close(pcb);
    s->pcb = other->pcb;
    s->listening = true;
    list_push_back(&other->group, &s->group);
}

bool stream_leave_group(struct stream *s)
{
    struct stream *heir = list_first(&s->group, struct stream, group);

    if (!heir)
        return false;
    if (s->pcb->callback_arg == s)
        tcp_arg(s->pcb, heir);
    list_remove(&s->group);
    s->pcb = NULL;
    return true;
}

static void keep_options(struct stream *s, const struct tcp_pcb *pcb)
{
    s->keep_idle_ms = pcb->keep_idle;
    s->keep_intvl_ms = pcb->keep_intvl;
    s->keep_cnt = pcb->keep_cnt;
    s->nodelay = tcp_nagle_disabled(pcb);
}

int stream_listen(struct stream *s, int backlog)
{
    struct tcp_pcb *pcb = s->pcb, *lpcb;
    struct stream *other;
    err_t err = ERR_OK;

    s->backlog = backlog < 0 || backlog > BACKLOG_MAX ? BACKLOG_MAX
                 : backlog == 0                       ? 1
                                                      : (unsigned)backlog;
    if (s->listening)
        return 0;
    if (!pcb || pcb->state != CLOSED)
        return -EINVAL;
    if (!pcb->local_port) {
        struct net_addr any = {0};
        int e = stream_bind(s, &any);

        if (e < 0)
            return e;
    }
    keep_options(s, pcb);
    other = stream_sharing(s, &pcb->local_ip, pcb->local_port);
    if (other) {
        join_group(s, other);
        return 0;
    }
    tcp_ext_arg_set(pcb, EXT_STREAM, NULL); /* lwIP frees this one, not us */
    lpcb = tcp_listen_with_backlog_and_err(pcb, HALF_OPEN_MAX, &err);
    if (!lpcb) {
        tcp_ext_arg_set(pcb, EXT_STREAM, s);
        return err_to_errno(err);
    }
    s->pcb = lpcb;
    s->listening = true;
    tcp_accept(lpcb, on_accept);
    tcp_ext_arg_set_callbacks(lpcb, EXT_DEMUX, &listen_callbacks);
    return 0;
}

struct stream *stream_accept(struct stream *l)
{
    struct list *node = list_pop_front(&l->accept_queue);
    struct stream *s;

    if (!node)
        return NULL;
    s = container_of(node, struct stream, accept_node);
    s->listener = NULL;
    l->nr_accept--;
    return s;
}

err_t lwip_hook_tcp_in(struct tcp_pcb *pcb, struct tcp_hdr *hdr)
{
    struct stream *s;

    if (pcb->state != LISTEN || !(TCPH_FLAGS(hdr) & TCP_SYN))
        return ERR_OK;
    s = pcb->callback_arg;
    if (!s || s->nr_accept < s->backlog)
        return ERR_OK;
    list_for_each(pos, &s->group)
    {
        struct stream *m = container_of(pos, struct stream, group);

        if (m->nr_accept < m->backlog)
            return ERR_OK;
    }
    return ERR_MEM;
}
