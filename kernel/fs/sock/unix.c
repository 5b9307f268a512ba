/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_UNIX sockets: life and connections.
 */
#include "kernel/fs/sock/unix.h"

#include <linux/errno.h>
#include <linux/eventpoll.h>

#include "kernel/core/alloc.h"
#include "kernel/sched/thread.h"
#include "lib/string.h"

struct ucred unix_cred(void)
{
    return (struct ucred){1, process.euid, process.egid};
}

void unix_get(struct unix_sock *u)
{
    u->refs++;
}

void unix_put(struct unix_sock *u)
{
    struct list *node;

    if (--u->refs)
        return;
    while ((node = list_pop_front(&u->rx)))
        unix_msg_free(container_of(node, struct unix_msg, node));
    kfree(u);
}

static struct unix_sock *unix_new(int type)
{
    struct unix_sock *u = kzalloc(sizeof(*u));

    if (!u)
        return NULL;
    sock_init(&u->sock, &unix_ops, AF_UNIX, type, 0);
    waitq_init(&u->room);
    list_init(&u->senders);
    list_init(&u->sender_node);
    list_init(&u->rx);
    list_init(&u->named);
    list_init(&u->pending);
    list_init(&u->pending_node);
    u->refs = 1;
    u->buf = u->sndbuf = UNIX_BUF;
    return u;
}

static int check(int *type, int protocol)
{
    if (protocol != 0 && protocol != AF_UNIX)
        return -EPROTONOSUPPORT;
    if (*type == SOCK_RAW) /* as Linux: another name for datagrams */
        *type = SOCK_DGRAM;
    return 0;
}

int unix_create(int type, int protocol, struct sock **out)
{
    int err = check(&type, protocol);
    struct unix_sock *u = err ? NULL : unix_new(type);

    if (!u)
        return err ? err : -ENOMEM;
    *out = &u->sock;
    return 0;
}

/* From now on `from` sends to `to`. */
static void link_peer(struct unix_sock *from, struct unix_sock *to)
{
    unix_get(to);
    from->peer = to;
    from->connected = true;
    from->peercred = unix_cred();
    if (from->sock.type == SOCK_DGRAM)
        list_push_back(&to->senders, &from->sender_node);
}

static void unlink_peer(struct unix_sock *u)
{
    struct unix_sock *peer = u->peer;

    if (!peer)
        return;
    u->peer = NULL;
    list_remove(&u->sender_node);
    unix_put(peer);
}

int unix_pair(int type, int protocol, struct sock *out[2])
{
    int err = check(&type, protocol);
    struct unix_sock *a, *b;

    if (err)
        return err;
    if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
        return -ESOCKTNOSUPPORT;
    a = unix_new(type);
    b = a ? unix_new(type) : NULL;
    if (!b) {
        kfree(a);
        return -ENOMEM;
    }
    link_peer(a, b);
    link_peer(b, a);
    out[0] = &a->sock;
    out[1] = &b->sock;
    return 0;
}

static int connect_dgram(struct unix_sock *u, const struct sock_name *sn)
{
    struct unix_name name;
    struct unix_sock *to;
    int err;

    unlink_peer(u);
    u->connected = false;
    if (sn->len_bytes >= 2 && sn->data[0] == AF_UNSPEC && sn->data[1] == 0)
        return 0;
    err = unix_parse(sn, &name);
    if (!err)
        err = unix_find(&name, &to);
    if (err)
        return err;
    if (to->sock.type != SOCK_DGRAM)
        err = -EPROTOTYPE;
    else
        link_peer(u, to);
    unix_put(to);
    return err;
}

/* A connection appears at the listener's queue at once. */
static int meet(struct unix_sock *u, struct unix_sock *l)
{
    struct unix_sock *child = unix_new(u->sock.type);

    if (!child)
        return -ENOMEM;
    child->name = l->name;
    link_peer(child, u);
    link_peer(u, child);
    list_push_back(&l->pending, &child->pending_node);
    l->nr_pending++;
    waitq_wake(&l->sock.waitq, EPOLLIN | EPOLLRDNORM);
    waitq_wake(&u->sock.waitq, EPOLLOUT);
    return 0;
}

static int connect_stream(struct unix_sock *u, const struct sock_name *sn,
                          bool nonblock)
{
    struct unix_name name;
    struct unix_sock *l;
    int err = unix_parse(sn, &name);

    if (err)
        return err;
    if (u->connected)
        return -EISCONN;
    if (u->sock.listening)
        return -EINVAL;
    err = unix_find(&name, &l);
    if (err)
        return err;
    if (l->sock.type != u->sock.type)
        err = -EPROTOTYPE;
    else if (!l->sock.listening)
        err = -ECONNREFUSED;
    else if (nonblock && l->nr_pending > l->backlog)
        err = -EAGAIN;
    if (!err) {
        uint64_t limit = u->sock.snd_timeout_ns;

        WAIT(&l->room, sock_deadline(limit), err,
             l->nr_pending <= l->backlog || l->dead);
        err = sock_wait_error(err, limit);
    }
    if (!err)
        err = l->dead ? -ECONNREFUSED : meet(u, l);
    unix_put(l);
    return err;
}

static int connect_op(struct sock *s, const struct sock_name *name,
                      bool nonblock)
{
    if (s->type == SOCK_DGRAM)
        return connect_dgram(unix_of(s), name);
    return connect_stream(unix_of(s), name, nonblock);
}

static int listen_op(struct sock *s, int backlog)
{
    struct unix_sock *u = unix_of(s);

    if (s->type == SOCK_DGRAM)
        return -EOPNOTSUPP;
    if (!u->name.len_bytes || u->connected)
        return -EINVAL;
    u->backlog = backlog < 0 || backlog > SOMAXCONN_DEFAULT ? SOMAXCONN_DEFAULT
                                                            : (unsigned)backlog;
    s->listening = true;
    u->peercred = unix_cred();
    waitq_wake(&u->room, EPOLLOUT);
    return 0;
}

static int accept_op(struct sock *s, bool nonblock, struct sock **out)
{
    struct unix_sock *u = unix_of(s);
    uint64_t limit = s->rcv_timeout_ns;
    struct list *node;
    int err;

    if (s->type == SOCK_DGRAM)
        return -EOPNOTSUPP;
    if (!s->listening)
        return -EINVAL;
    if (nonblock && list_empty(&u->pending))
        return -EAGAIN;
    WAIT(&s->waitq, sock_deadline(limit), err, !list_empty(&u->pending));
    if (err)
        return sock_wait_error(err, limit);
    node = list_pop_front(&u->pending);
    u->nr_pending--;
    waitq_wake(&u->room, EPOLLOUT);
    *out = &container_of(node, struct unix_sock, pending_node)->sock;
    return 0;
}

static int shutdown_op(struct sock *s, int how)
{
    struct unix_sock *u = unix_of(s), *peer = u->peer;

    if (!u->connected && !s->listening)
        return -ENOTCONN;
    if (how != SHUT_WR)
        s->shut |= SHUT_RD_BIT;
    if (how != SHUT_RD)
        s->shut |= SHUT_WR_BIT;
    if (peer && s->type != SOCK_DGRAM) {
        if (how != SHUT_RD)
            peer->eof = true;
        waitq_wake(&peer->sock.waitq,
                   EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
        waitq_wake(&peer->room, EPOLLOUT);
    }
    waitq_wake(&s->waitq, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
    return 0;
}

static int getname_op(struct sock *s, struct sock_name *out, bool peer)
{
    struct unix_sock *u = unix_of(s);

    if (!peer) {
        unix_show(&u->name, out);
        return 0;
    }
    if (!u->peer)
        return -ENOTCONN;
    unix_show(&u->peer->name, out);
    return 0;
}

/* The other side of a stream learns that we are gone. */
static void part(struct unix_sock *u)
{
    struct unix_sock *peer = u->peer;

    if (!peer || u->sock.type == SOCK_DGRAM)
        return;
    peer->eof = true;
    peer->reset = !list_empty(&u->rx); /* unix(7): data was left unread */
    unlink_peer(peer);
    waitq_wake(&peer->sock.waitq, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
    waitq_wake(&peer->room, EPOLLOUT);
}

static void release_op(struct sock *s)
{
    struct unix_sock *u = unix_of(s);
    struct list *node;

    unix_unbind(u);
    u->dead = true;
    while ((node = list_pop_front(&u->pending)))
        release_op(&container_of(node, struct unix_sock, pending_node)->sock);
    unix_get(u); /* parting drops the peer's reference */
    part(u);
    unlink_peer(u);
    list_for_each(pos, &u->senders) waitq_wake(
        &container_of(pos, struct unix_sock, sender_node)->sock.waitq,
        EPOLLOUT);
    waitq_wake(&u->room, EPOLLOUT);
    while ((node = list_pop_front(&u->rx)))
        unix_msg_free(container_of(node, struct unix_msg, node));
    u->rx_bytes = 0;
    unix_put(u);
    unix_put(u);
}

const struct sock_ops unix_ops = {
    .name = "unix",
    .bind = unix_bind,
    .connect = connect_op,
    .listen = listen_op,
    .accept = accept_op,
    .send = unix_send,
    .recv = unix_recv,
    .shutdown = shutdown_op,
    .getname = getname_op,
    .setsockopt = unix_setsockopt,
    .getsockopt = unix_getsockopt,
    .ioctl = unix_ioctl,
    .poll = unix_poll,
    .take_error = unix_take_error,
    .release = release_op,
};
