/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listening streams and their queue of finished connections. When it is full
 * requests are dropped, so that peers try again, as Linux does.
 */
#include <linux/errno.h>

#include "kernel/net/tcp/stream.h"

enum { BACKLOG_MAX = 4096 };

static unsigned backlog_of(int backlog)
{
    if (backlog < 0 || backlog > BACKLOG_MAX)
        return BACKLOG_MAX;
    return backlog ? (unsigned)backlog : 1;
}

int stream_listen(struct stream *s, int backlog)
{
    s->backlog = backlog_of(backlog);
    if (s->listening)
        return 0;
    if (s->conn.state != STREAM_CLOSE || s->connected)
        return -EINVAL;
    if (!s->bound) {
        struct net_addr any = {.family = (uint8_t)s->family};
        int err = stream_bind(s, &any);

        if (err)
            return err;
    }
    return port_listen(s) ? 0 : -EADDRINUSE;
}

static void inherit(struct conn *c, const struct conn *from)
{
    c->ttl = from->ttl;
    c->tos = from->tos;
    c->nodelay = from->nodelay;
    c->cork = from->cork;
    c->keepalive = from->keepalive;
    c->keep_idle_s = from->keep_idle_s;
    c->keep_intvl_s = from->keep_intvl_s;
    c->keep_cnt = from->keep_cnt;
    c->reuseaddr = from->reuseaddr;
    c->user_mss = from->user_mss;
    c->congestion = from->congestion;
    c->pace_max = from->pace_max;
    c->user_timeout_ms = from->user_timeout_ms;
    c->sndbuf = from->sndbuf;
    c->sndbuf_fixed = from->sndbuf_fixed;
    c->rcvbuf = from->rcvbuf;
    c->rcvbuf_fixed = from->rcvbuf_fixed;
}

struct stream *stream_child(struct stream *l)
{
    struct stream *s = stream_alloc(l->family);

    if (!s)
        return NULL;
    s->v6only = l->v6only;
    s->reuseport = l->reuseport;
    inherit(&s->conn, &l->conn);
    return s;
}

void stream_enqueue(struct stream *l, struct stream *s)
{
    s->listener = l;
    list_push_back(&l->accept_queue, &s->accept_node);
    l->nr_accept++;
    if (l->owner)
        l->owner->event(l->owner, NET_READABLE);
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
