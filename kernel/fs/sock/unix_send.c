/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sending on AF_UNIX sockets. What is written is queued at the receiver, who
 * bounds it.
 */
#include <linux/errno.h>
#include <linux/eventpoll.h>

#include "kernel/core/alloc.h"
#include "kernel/fs/sock/unix.h"
#include "lib/string.h"

/* A message with len bytes of the caller's. 0 or -errno. */
static int msg_new(struct uio *uio, size_t len, struct unix_msg **out)
{
    struct unix_msg *m = kmalloc(sizeof(*m) + len);
    int64_t n;

    if (!m)
        return -ENOBUFS;
    memset(m, 0, sizeof(*m));
    list_init(&m->node);
    m->len_bytes = len;
    m->cred = unix_cred();
    n = len ? uio_get(uio, m->data, len) : 0;
    if (n >= 0 && (size_t)n == len) {
        *out = m;
        return 0;
    }
    kfree(m);
    return -EFAULT;
}

static void enqueue(struct unix_sock *to, struct unix_msg *m)
{
    list_push_back(&to->rx, &m->node);
    to->rx_bytes += m->len_bytes;
    waitq_wake(&to->sock.waitq, EPOLLIN | EPOLLRDNORM);
}

/* ---- streams ----------------------------------------------------------- */

static int64_t stream_obstacle(struct unix_sock *u, int flags)
{
    if (!u->connected)
        return -ENOTCONN;
    if (u->reset) {
        u->reset = false;
        return -ECONNRESET;
    }
    if ((u->sock.shut & SHUT_WR_BIT) || !u->peer ||
        (u->peer->sock.shut & SHUT_RD_BIT))
        return sock_epipe(flags);
    return 0;
}

static bool has_room(const struct unix_sock *u)
{
    return !u->peer || u->peer->rx_bytes < u->peer->buf ||
           (u->sock.shut & SHUT_WR_BIT) || (u->peer->sock.shut & SHUT_RD_BIT);
}

/* One piece; bytes, or -errno. */
static int64_t send_piece(struct unix_sock *u, struct sock_msg *msg, bool first)
{
    size_t room = u->peer->buf - u->peer->rx_bytes, len = msg->uio->resid_bytes;
    struct unix_msg *m;
    int err;

    len = len < room ? len : room;
    len = len < UNIX_CHUNK ? len : UNIX_CHUNK;
    err = msg_new(msg->uio, len, &m);
    if (err)
        return err;
    err = first ? scm_take(msg->control, m) : 0;
    if (err) {
        unix_msg_free(m);
        return err;
    }
    enqueue(u->peer, m);
    return (int64_t)len;
}

static int64_t send_stream(struct unix_sock *u, struct sock_msg *msg)
{
    uint64_t limit = u->sock.snd_timeout_ns, end = 0;
    int64_t done = 0, n;
    int err;

    if (msg->name)
        return u->connected ? -EISCONN : -EOPNOTSUPP;
    do {
        n = stream_obstacle(u, done ? MSG_NOSIGNAL : msg->flags);
        if (n < 0)
            break;
        if (!msg->uio->resid_bytes)
            return done;
        if (!has_room(u)) {
            n = -EAGAIN;
            if (msg->flags & MSG_DONTWAIT)
                break;
            if (!end)
                end = sock_deadline(limit);
            WAIT(&u->sock.waitq, end, err, has_room(u));
            n = sock_wait_error(err, limit);
            continue;
        }
        n = send_piece(u, msg, done == 0);
        if (n > 0)
            done += n;
    } while (n >= 0);
    return done ? done : n;
}

/* ---- messages ---------------------------------------------------------- */

/* Where a datagram goes: a new reference. */
static int destination(struct unix_sock *u, struct sock_msg *msg,
                       struct unix_sock **out)
{
    struct unix_name name;
    int err;

    if (msg->name && u->sock.type == SOCK_DGRAM) {
        err = unix_parse(msg->name, &name);
        if (!err)
            err = unix_find(&name, out);
        if (!err && (*out)->sock.type != SOCK_DGRAM) {
            unix_put(*out);
            err = -EPROTOTYPE;
        }
        return err;
    }
    if (!u->peer)
        return u->connected ? -EPIPE : -ENOTCONN;
    unix_get(u->peer);
    *out = u->peer;
    return 0;
}

static bool fits(const struct unix_sock *to, size_t len)
{
    return to->dead || list_empty(&to->rx) || to->rx_bytes + len <= to->buf;
}

static int wait_room(struct unix_sock *u, struct unix_sock *to, size_t len,
                     int flags)
{
    uint64_t limit = u->sock.snd_timeout_ns;
    int err;

    if (!fits(to, len) && (flags & MSG_DONTWAIT))
        return -EAGAIN;
    WAIT(&to->room, sock_deadline(limit), err, fits(to, len));
    if (err)
        return sock_wait_error(err, limit);
    return to->dead ? -ECONNREFUSED : 0;
}

static int send_whole(struct unix_sock *u, struct unix_sock *to,
                      struct sock_msg *msg, size_t len)
{
    struct unix_msg *m;
    int err;

    if (to->sock.shut & SHUT_RD_BIT)
        return -EPIPE;
    err = wait_room(u, to, len, msg->flags);
    if (!err)
        err = msg_new(msg->uio, len, &m);
    if (err)
        return err;
    err = scm_take(msg->control, m);
    if (!err && u->name.len_bytes && u->sock.type == SOCK_DGRAM) {
        m->from = kmalloc(sizeof(*m->from));
        if (m->from)
            *m->from = u->name;
        else
            err = -ENOBUFS;
    }
    if (err)
        unix_msg_free(m);
    else
        enqueue(to, m);
    return err;
}

static int64_t send_message(struct unix_sock *u, struct sock_msg *msg)
{
    size_t len = msg->uio->resid_bytes;
    struct unix_sock *to;
    int err;

    if (u->sock.shut & SHUT_WR_BIT)
        return sock_epipe(msg->flags);
    if (len > u->sndbuf - 32)
        return -EMSGSIZE;
    if (u->reset) {
        u->reset = false;
        return -ECONNRESET;
    }
    err = destination(u, msg, &to);
    if (!err) {
        err = to->dead ? -ECONNREFUSED : send_whole(u, to, msg, len);
        unix_put(to);
    }
    if (err == -EPIPE)
        return sock_epipe(msg->flags);
    return err ? err : (int64_t)len;
}

int64_t unix_send(struct sock *s, struct sock_msg *msg)
{
    return s->type == SOCK_STREAM ? send_stream(unix_of(s), msg)
                                  : send_message(unix_of(s), msg);
}
