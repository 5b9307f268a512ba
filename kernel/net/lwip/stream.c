/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Streams: life, connecting, state. lwIP frees connections on its own at many
 * occasions; a destructor on each tells us, so s->pcb is never stale.
 */
#include "kernel/net/lwip/stream.h"

#include <linux/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/core/log.h"
#include "kernel/net/lwip/demux.h"

void stream_event(struct stream *s, unsigned changed)
{
    if (s->owner)
        s->owner->event(s->owner, changed);
}

void stream_remember(struct stream *s)
{
    if (!s->pcb)
        return;
    from_ip(&s->local, &s->pcb->local_ip, s->pcb->local_port);
    if (s->connected)
        from_ip(&s->peer, &s->pcb->remote_ip, s->pcb->remote_port);
}

void stream_free(struct stream *s)
{
    timer_cancel(&s->cork_timer);
    rx_free(s);
    tx_free(s);
    list_remove(&s->accept_node);
    kfree(s);
}

void stream_reap(struct stream *s)
{
    if (s->busy || (s->pcb && !(s->tx_bytes == 0 && s->fin_sent)))
        return;
    stream_detach(s);
    stream_free(s);
}

static void on_destroy(u8_t id, void *data)
{
    struct stream *s = data;

    (void)id;
    if (!s)
        return;
    stream_remember(s);
    s->pcb = NULL;
    if (s->orphan)
        stream_reap(s);
}

static const struct tcp_ext_arg_callbacks ext_callbacks = {
    .destroy = on_destroy,
};

/* The connection is gone already. Not called for orphans. */
static void on_error(void *arg, err_t err)
{
    struct stream *s = arg;

    if (err == ERR_CLSD) /* both sides have said FIN */
        s->error = 0;
    else if (err == ERR_RST)
        s->error = s->connecting ? ECONNREFUSED : s->eof ? EPIPE : ECONNRESET;
    else
        s->error = ETIMEDOUT;
    s->connecting = false;
    s->eof = true;
    tx_free(s);
    stream_event(s, NET_READABLE | NET_WRITABLE | NET_EOF | NET_CLOSED |
                        NET_ERROR);
}

void stream_fail(struct stream *s, int error)
{
    struct tcp_pcb *pcb = s->pcb;

    stream_detach(s);
    tcp_abandon(pcb, s->connected);
    tx_free(s);
    s->connecting = false;
    s->eof = true;
    s->error = error;
    stream_event(s, NET_READABLE | NET_WRITABLE | NET_EOF | NET_CLOSED |
                        NET_ERROR);
}

void stream_check_timeouts(uint64_t now_ns)
{
    struct tcp_pcb *next;

    for (struct tcp_pcb *p = tcp_active_pcbs; p; p = next) {
        struct stream *s = p->state == SYN_RCVD ? NULL : p->callback_arg;

        next = p->next;
        if (s && s->user_timeout_ms && !s->orphan && s->tx_bytes &&
            now_ns - s->progress_ns > s->user_timeout_ms * UINT64_C(1000000))
            stream_fail(s, ETIMEDOUT);
    }
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct stream *s = arg;

    (void)pcb;
    (void)err;
    s->connecting = false;
    s->connected = true;
    stream_limit_mss(s);
    stream_remember(s);
    stream_event(s, NET_WRITABLE);
    return ERR_OK;
}

static void attach(struct stream *s, struct tcp_pcb *pcb)
{
    s->pcb = pcb;
    tcp_arg(pcb, s);
    tcp_recv(pcb, rx_on_recv);
    tcp_sent(pcb, tx_on_sent);
    tcp_err(pcb, on_error);
    tcp_ext_arg_set(pcb, EXT_STREAM, s);
    tcp_ext_arg_set_callbacks(pcb, EXT_STREAM, &ext_callbacks);
}

struct stream *stream_wrap(struct tcp_pcb *pcb, enum net_family family)
{
    struct stream *s = kzalloc(sizeof(*s));

    if (!s)
        return NULL;
    s->family = family;
    s->sndbuf = STREAM_SNDBUF;
    s->rcvbuf = TCP_WND;
    s->cork_timer.fn = tx_on_cork_timer;
    list_init(&s->chunks);
    list_init(&s->accept_queue);
    list_init(&s->accept_node);
    list_init(&s->group);
    attach(s, pcb);
    return s;
}

void stream_detach(struct stream *s)
{
    struct tcp_pcb *pcb = s->pcb;

    if (!pcb)
        return;
    s->pcb = NULL;
    tcp_ext_arg_set(pcb, EXT_STREAM, NULL);
    tcp_arg(pcb, NULL);
    if (pcb->state == LISTEN)
        return;
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
}

static struct tcp_pcb *pcb_new(enum net_family family, bool v6only)
{
    uint8_t type = family == NET_V4 ? IPADDR_TYPE_V4
                   : v6only         ? IPADDR_TYPE_V6
                                    : IPADDR_TYPE_ANY;
    struct tcp_pcb *pcb = tcp_new_ip_type(type);

    if (pcb)
        pcb->rto = pcb->sv = RTO_FIRST_TICKS;
    return pcb;
}

struct stream *stream_new(enum net_family family, bool v6only)
{
    struct tcp_pcb *pcb = pcb_new(family, v6only);
    struct stream *s = pcb ? stream_wrap(pcb, family) : NULL;

    if (!s) {
        if (pcb)
            tcp_abort(pcb);
        return NULL;
    }
    s->v6only = v6only;
    stream_remember(s);
    return s;
}

/* After a failed attempt a socket may try again. */
static int reopen(struct stream *s)
{
    struct tcp_pcb *pcb;

    if (s->pcb || s->connected)
        return 0;
    pcb = pcb_new(s->family, s->v6only);
    if (!pcb)
        return -ENOBUFS;
    attach(s, pcb);
    s->eof = false;
    s->error = 0;
    return 0;
}

void stream_set_owner(struct stream *s, struct net_owner *owner)
{
    s->owner = owner;
}

/* lwIP finds two listeners on one port only when the second one listens. */
static bool listener_has(const ip_addr_t *ip, uint16_t port)
{
    struct tcp_pcb_listen *l = tcp_listen_pcbs.listen_pcbs;

    for (; l; l = l->next)
        if (l->local_port == port &&
            (IP_IS_ANY_TYPE_VAL(l->local_ip) || IP_IS_ANY_TYPE_VAL(*ip) ||
             (IP_GET_TYPE(ip) == IP_GET_TYPE(&l->local_ip) &&
              (ip_addr_isany(ip) || ip_addr_isany(&l->local_ip) ||
               ip_addr_cmp(ip, &l->local_ip)))))
            return true;
    return false;
}

int stream_bind(struct stream *s, const struct net_addr *addr)
{
    ip_addr_t ip;
    err_t err;

    if (!s->pcb || s->pcb->state != CLOSED || s->pcb->local_port)
        return -EINVAL;
    to_ip(&ip, addr, IP_GET_TYPE(&s->pcb->local_ip));
    if (!ip_is_local(&ip))
        return -EADDRNOTAVAIL;
    if (addr->port && listener_has(&ip, addr->port) &&
        !stream_sharing(s, &ip, addr->port))
        return -EADDRINUSE;
    if (s->reuseaddr || s->reuseport)
        ip_set_option(s->pcb, SOF_REUSEADDR);
    else
        ip_reset_option(s->pcb, SOF_REUSEADDR);
    err = tcp_bind(s->pcb, &ip, addr->port);
    stream_remember(s);
    return err == ERR_BUF ? -EADDRINUSE : err_to_errno(err);
}

int stream_connect(struct stream *s, const struct net_addr *to)
{
    struct net_addr dst;
    ip_addr_t ip;
    err_t err;

    if (reopen(s) < 0)
        return -ENOBUFS;
    if (!s->pcb || s->pcb->state != CLOSED)
        return -EINVAL;
    dst = net_addr_reachable(to);
    to_ip(&ip, &dst, IPADDR_TYPE_V6);
    err = tcp_connect(s->pcb, &ip, to->port, on_connected);
    if (err != ERR_OK)
        return err == ERR_USE || err == ERR_BUF ? -EADDRNOTAVAIL
                                                : err_to_errno(err);
    demux_add(s->pcb);
    s->connecting = true;
    stream_remember(s);
    lwip_kick();
    return 0;
}

unsigned stream_ready(const struct stream *s)
{
    unsigned ready = s->error ? NET_ERROR : 0;

    if (s->listening)
        return list_empty(&s->accept_queue) ? 0 : NET_READABLE;
    if (s->connecting)
        return ready;
    if (!s->connected || !s->pcb)
        ready |= NET_CLOSED;
    if (s->rx_bytes || s->eof)
        ready |= NET_READABLE;
    if (s->eof)
        ready |= NET_EOF;
    if (s->fin_wanted)
        ready |= NET_SENT_FIN;
    if (!s->pcb || s->tx_bytes < s->sndbuf / 3 * 2)
        ready |= NET_WRITABLE;
    return ready;
}

enum stream_state stream_state(const struct stream *s)
{
    static const uint8_t table[] = {
        [CLOSED] = STREAM_CLOSE,
        [LISTEN] = STREAM_LISTEN,
        [SYN_SENT] = STREAM_SYN_SENT,
        [SYN_RCVD] = STREAM_SYN_RECV,
        [ESTABLISHED] = STREAM_ESTABLISHED,
        [FIN_WAIT_1] = STREAM_FIN_WAIT1,
        [FIN_WAIT_2] = STREAM_FIN_WAIT2,
        [CLOSE_WAIT] = STREAM_CLOSE_WAIT,
        [CLOSING] = STREAM_CLOSING,
        [LAST_ACK] = STREAM_LAST_ACK,
        [TIME_WAIT] = STREAM_TIME_WAIT,
    };

    return s->pcb ? table[s->pcb->state] : STREAM_CLOSE;
}

int stream_take_error(struct stream *s)
{
    int error = s->error;

    s->error = 0;
    return error;
}

void stream_local(const struct stream *s, struct net_addr *out)
{
    *out = s->local;
}

void stream_peer(const struct stream *s, struct net_addr *out)
{
    *out = s->peer;
}
