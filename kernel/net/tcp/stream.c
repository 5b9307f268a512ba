/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Streams of transport.h on connections: life, binding, connecting, state.
 */
#include "kernel/net/tcp/stream.h"

#include <linux/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/net/tcp/request.h"

struct list streams = LIST_INIT(streams);

static void event(struct stream *s, unsigned changed)
{
    if (s->owner)
        s->owner->event(s->owner, changed);
}

void conn_event(struct conn *c, unsigned changed)
{
    event(stream_of(c), changed);
}

void conn_established(struct conn *c)
{
    struct stream *s = stream_of(c);

    s->connected = true;
    congestion_choose(c, clock_mono_ns());
    event(s, NET_WRITABLE);
}

static void stream_free(struct stream *s)
{
    conn_destroy(&s->conn);
    port_release(s);
    list_remove(&s->accept_node);
    list_remove(&s->all);
    kfree(s);
}

void conn_unhold(struct conn *c)
{
    if (--c->holds == 0 && c->dead)
        stream_free(stream_of(c));
}

void conn_ended(struct conn *c, int error)
{
    struct stream *s = stream_of(c);

    if (c->orphan) {
        c->dead = true;
        conn_hold(c);
        conn_unhold(c);
        return;
    }
    s->error = error;
    c->eof = true;
    event(s, NET_READABLE | NET_WRITABLE | NET_EOF | NET_CLOSED |
                 (error ? NET_ERROR : 0));
}

struct stream *stream_alloc(enum net_family family)
{
    struct stream *s = kzalloc(sizeof(*s));

    if (!s)
        return NULL;
    conn_init(&s->conn);
    s->family = family;
    s->conn.local.family = (uint8_t)family;
    list_init(&s->port);
    list_init(&s->accept_node);
    list_init(&s->accept_queue);
    list_init(&s->requests);
    list_push_back(&streams, &s->all);
    return s;
}

struct stream *stream_new(enum net_family family, bool v6only)
{
    struct stream *s = stream_alloc(family);

    if (s)
        s->v6only = v6only;
    return s;
}

void stream_set_owner(struct stream *s, struct net_owner *owner)
{
    s->owner = owner;
}

int stream_bind(struct stream *s, const struct net_addr *addr)
{
    struct net_addr a = *addr;
    int err;

    if (s->bound || s->connected || s->listening ||
        s->conn.state != STREAM_CLOSE)
        return -EINVAL;
    if (a.family == NET_NONE)
        a.family = (uint8_t)s->family;
    if (!ip_is_ours(&a))
        return -EADDRNOTAVAIL;
    err = port_bind(s, &a);
    s->bound = !err;
    return err;
}

/* Gets a route, a source address and a port. */
static int find_path(struct stream *s)
{
    struct conn *c = &s->conn;
    struct conn_key key;
    int err;

    if (c->local.family != c->peer.family) {
        uint16_t port = c->local.port;

        if (!net_addr_is_any(&c->local))
            return -ENETUNREACH;
        c->local = (struct net_addr){.family = c->peer.family, .port = port};
    }
    err = path_find(&c->route, &c->local, &c->peer);
    if (err)
        return err;
    if (s->device && s->device != path_device(&c->route))
        return -ENETUNREACH;
    if (!c->local.port)
        return port_pick(s) ? 0 : -EADDRNOTAVAIL;
    conn_key_make(&key, &c->local, &c->peer);
    return table_find(&key) ? -EADDRNOTAVAIL : 0;
}

int stream_connect(struct stream *s, const struct net_addr *to)
{
    struct conn *c = &s->conn;
    uint64_t now = clock_mono_ns();
    struct net_addr before = c->local;
    struct conn_key key;
    int err;

    if (c->state != STREAM_CLOSE || s->connected || s->listening)
        return -EINVAL;
    c->peer = net_addr_reachable(to);
    c->peer.port = to->port;
    c->eof = false;
    s->error = 0;
    err = find_path(s);
    if (err) {
        c->local = before;
        c->peer = (struct net_addr){0};
        return err;
    }
    port_hold(s);
    conn_key_make(&key, &c->local, &c->peer);
    conn_start(c, isn_make(&key, now), now);
    conn_connect(c, now);
    ip_kick();
    return 0;
}

static bool connecting(const struct stream *s)
{
    return s->conn.state == STREAM_SYN_SENT ||
           (s->conn.state == STREAM_SYN_RECV && !s->connected);
}

unsigned stream_ready(const struct stream *s)
{
    const struct conn *c = &s->conn;
    unsigned ready = s->error ? NET_ERROR : 0;

    if (s->listening)
        return list_empty(&s->accept_queue) ? 0 : NET_READABLE;
    if (connecting(s))
        return ready;
    if (!s->connected || c->state == STREAM_CLOSE)
        ready |= NET_CLOSED;
    if (c->rx_bytes || c->eof)
        ready |= NET_READABLE;
    if (c->eof)
        ready |= NET_EOF;
    if (c->fin_seen)
        ready |= NET_FIN;
    if (c->fin_wanted)
        ready |= NET_SENT_FIN;
    if (c->state == STREAM_CLOSE || tx_writable(c))
        ready |= NET_WRITABLE;
    return ready;
}

enum stream_state stream_state(const struct stream *s)
{
    return s->listening ? STREAM_LISTEN : (enum stream_state)s->conn.state;
}

int stream_take_error(struct stream *s)
{
    int error = s->error;

    s->error = 0;
    return error;
}

void stream_local(const struct stream *s, struct net_addr *out)
{
    *out = s->conn.local;
}

void stream_peer(const struct stream *s, struct net_addr *out)
{
    *out = s->connected ? s->conn.peer : (struct net_addr){0};
}
