/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes in and out of TCP sockets (send(2), recv(2)).
 */
#include <linux/errno.h>

#include "kernel/core/event.h"
#include "kernel/fs/sock/inet.h"
#include "kernel/vfs/poll.h"

/* Below, copying costs less than a piece of its own in each packet. */
enum { LEND_MIN = 2048 };

/* ---- sending ----------------------------------------------------------- */

/* Why nothing can be sent now; 0: it can. Errors come first, once. */
static int64_t send_obstacle(struct inet_sock *s, int flags)
{
    unsigned ready = stream_ready(s->stream);

    if (ready & NET_ERROR)
        return -stream_take_error(s->stream);
    if (stream_state(s->stream) == STREAM_SYN_SENT)
        return 0;
    if ((s->sock.shut & SHUT_WR_BIT) || (ready & NET_SENT_FIN))
        return sock_epipe(flags);
    return ready & NET_CLOSED || s->sock.listening ? sock_epipe(flags) : 0;
}

/* Sends the memory itself where it may be kept. Bytes, 0: no room. */
static int64_t lend(struct inet_sock *s, struct sock_msg *msg)
{
    size_t len, n;
    const void *p = uio_front(msg->uio, &len);
    bool more = (msg->flags & MSG_MORE) || msg->uio->more;

    n = stream_lend(s->stream, p, len, msg->uio->loan, more);
    uio_skip(msg->uio, n);
    if (more && n && n < len)
        stream_flush(s->stream);
    if (!n && (stream_ready(s->stream) & NET_WRITABLE))
        return -ENOBUFS;
    return (int64_t)n;
}

/* Copies what fits now. Bytes, 0 if nothing fits, -EFAULT or -ENOBUFS. */
static int64_t fill(struct inet_sock *s, struct sock_msg *msg)
{
    int64_t done = 0;
    bool pushed = true;

    if (msg->uio->loan && msg->uio->resid_bytes >= LEND_MIN)
        return lend(s, msg);
    while (msg->uio->resid_bytes) {
        size_t room;
        void *buf = stream_reserve(s->stream, msg->uio->resid_bytes, &room);
        int64_t n;

        if (!buf && !done && (stream_ready(s->stream) & NET_WRITABLE))
            return -ENOBUFS; /* it is memory that is missing */
        if (!buf)
            break;
        n = uio_get(msg->uio, buf, room);
        pushed = n < 0 || msg->uio->resid_bytes == 0;
        stream_commit(s->stream, n > 0 ? (size_t)n : 0,
                      (msg->flags & MSG_MORE) || msg->uio->more || !pushed);
        if (n <= 0) {
            stream_flush(s->stream);
            return done ? done : n;
        }
        done += n;
    }
    if (!pushed)
        stream_flush(s->stream);
    return done;
}

static bool may_send(struct inet_sock *s)
{
    return stream_ready(s->stream) & (NET_WRITABLE | NET_CLOSED | NET_ERROR);
}

int64_t inet_stream_send(struct sock *sock, struct sock_msg *msg)
{
    struct inet_sock *s = inet_of(sock);
    uint64_t limit = sock->snd_timeout_ns, end = 0;
    int64_t done = 0, n = 0;
    int err;

    if (msg->flags & MSG_FASTOPEN)
        return -EOPNOTSUPP;
    do {
        n = send_obstacle(s, done ? MSG_NOSIGNAL : msg->flags);
        if (n == 0)
            n = fill(s, msg);
        if (n < 0)
            break;
        done += n;
        if (!msg->uio->resid_bytes)
            return done;
        n = -EAGAIN;
        if (msg->flags & MSG_DONTWAIT)
            break;
        if (!end)
            end = sock_deadline(limit);
        WAIT(&sock->waitq, end, err, may_send(s));
        n = sock_wait_error(err, limit);
    } while (!err);
    return done ? done : n;
}

/* ---- receiving --------------------------------------------------------- */

/* Copies what is there. Bytes, or -EFAULT. */
static int64_t drain(struct inet_sock *s, struct sock_msg *msg, size_t *peeked)
{
    int64_t done = 0;
    const void *data;
    size_t n;

    while (msg->uio->resid_bytes &&
           (n = stream_peek(s->stream, *peeked, &data)) > 0) {
        int64_t put;

        if (n > msg->uio->resid_bytes)
            n = msg->uio->resid_bytes;
        if (msg->flags & MSG_TRUNC) { /* tcp(7): discard */
            put = (int64_t)n;
            msg->uio->resid_bytes -= n;
        } else {
            put = uio_put(msg->uio, data, n);
        }
        if (put <= 0)
            return done ? done : put;
        if (msg->flags & MSG_PEEK)
            *peeked += (size_t)put;
        else
            stream_consume(s->stream, (size_t)put);
        done += put;
    }
    return done;
}

/* 1: wait for more; 0: end of data; or -errno. What comes behind the peer's
 * FIN (a reset, because we wrote on) is an error for writers only. */
static int64_t recv_state(struct inet_sock *s)
{
    unsigned ready = stream_ready(s->stream);
    struct net_addr peer;

    if (ready & NET_FIN)
        return 0;
    if (ready & NET_ERROR)
        return -stream_take_error(s->stream);
    stream_peer(s->stream, &peer);
    if ((ready & NET_CLOSED) && peer.family == NET_NONE)
        return -ENOTCONN;
    if ((ready & (NET_EOF | NET_CLOSED)) || (s->sock.shut & SHUT_RD_BIT))
        return 0;
    return s->sock.listening ? -ENOTCONN : 1;
}

static bool may_recv(struct inet_sock *s, size_t peeked)
{
    return stream_unread_bytes(s->stream) > peeked ||
           (s->sock.shut & SHUT_RD_BIT) ||
           (stream_ready(s->stream) & (NET_EOF | NET_CLOSED | NET_ERROR));
}

int64_t inet_stream_recv(struct sock *sock, struct sock_msg *msg)
{
    struct inet_sock *s = inet_of(sock);
    uint64_t limit = sock->rcv_timeout_ns, end = 0;
    int64_t done = 0, n;
    size_t peeked = 0;
    bool looked = false;
    int err;

    if (msg->name)
        msg->name->len_bytes = 0;
    for (;;) {
        n = drain(s, msg, &peeked);
        if (n < 0)
            return done ? done : n;
        done += n;
        /* Who asks for nothing waits all the same until there is something. */
        if (!msg->uio->resid_bytes &&
            (done || stream_unread_bytes(s->stream) > 0))
            return done;
        if (done && !(msg->flags & MSG_WAITALL))
            return done;
        n = done ? 1 : recv_state(s);
        if (done && may_recv(s, peeked))
            return done;
        if (n <= 0)
            return n;
        if (!looked) { /* it may have arrived already */
            looked = true;
            if (!event_read_nothing())
                poll_devices();
            if (may_recv(s, peeked))
                continue;
        }
        if (msg->flags & MSG_DONTWAIT)
            return done ? done : -EAGAIN;
        if (!end)
            end = sock_deadline(limit);
        WAIT(&sock->waitq, end, err, may_recv(s, peeked));
        if (err)
            return done ? done : sock_wait_error(err, limit);
    }
}
