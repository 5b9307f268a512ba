/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stream socket: its connection, or its queue if it listens. Between the
 * stream*.c files and request.c.
 */
#ifndef EINKORN_KERNEL_NET_TCP_STREAM_H
#define EINKORN_KERNEL_NET_TCP_STREAM_H

#include "kernel/net/tcp/conn.h"

struct stream {
    struct conn conn;
    struct net_owner *owner;
    enum net_family family;
    uint32_t device; /* SO_BINDTODEVICE, or 0 */
    bool v6only, reuseport, bound, listening, connected;
    int error;        /* pending, positive */
    struct list all;  /* every stream */
    struct list port; /* those bound to ports with one hash (port.c) */

    struct stream *listener; /* while in its queue */
    struct list accept_node;
    struct list accept_queue; /* of a listener */
    unsigned nr_accept, backlog, nr_requests;
    struct list requests; /* half open, oldest first */
};

static inline struct stream *stream_of(struct conn *c)
{
    return container_of(c, struct stream, conn);
}

extern struct list streams;

struct stream *stream_alloc(enum net_family family);
/* A half-open connection of l was answered: a stream in l's queue, or NULL
 * (no memory). The caller starts its connection. */
struct stream *stream_child(struct stream *l);
/* It is established now: into the queue. */
void stream_enqueue(struct stream *l, struct stream *s);

/* ---- port.c ---- */
/* 0, -EADDRINUSE. Port 0 picks one. */
int port_bind(struct stream *s, struct net_addr *addr);
/* Children and connecting streams: only remembered. */
void port_hold(struct stream *s);
void port_release(struct stream *s);
/* A local port for a connection to s->conn.peer; false: none free. */
bool port_pick(struct stream *s);
/* Who listens where this goes, and should get it; NULL: nobody. */
struct stream *port_listener(const struct net_addr *local,
                             const struct net_addr *remote);
/* s listens where it is bound; false: somebody else does. */
bool port_listen(struct stream *s);

#endif
