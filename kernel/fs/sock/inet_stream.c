/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP sockets (tcp(7), connect(2), accept(2), send(2), recv(2)).
 */
#include <linux/errno.h>
#include <linux/eventpoll.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/fs/sock/inet.h"
#include "kernel/vfs/poll.h"

static void reuse(struct inet_sock *s)
{
    stream_set(s->stream, NET_OPT_REUSEADDR, s->sock.reuseaddr);
    stream_set(s->stream, NET_OPT_REUSEPORT, s->sock.reuseport);
}

static int stream_bind_op(struct sock *sock, const struct sock_name *name)
{
    struct inet_sock *s = inet_of(sock);
    struct net_addr a;
    int err = inet_parse(s, name, &a);

    if (err)
        return err;
    if (a.family == NET_NONE) { /* ip(7): as AF_INET if all zero */
        a.family = NET_V4;
        if (sock->domain != AF_INET)
            return -EAFNOSUPPORT;
    }
    if (inet_check_family(s, &a))
        return -EINVAL;
    reuse(s);
    err = stream_bind(s->stream, &a);
    s->bound |= !err;
    return err;
}

static int wait_connected(struct inet_sock *s)
{
    uint64_t limit = s->sock.snd_timeout_ns;
    int err;

    WAIT(&s->sock.waitq, sock_deadline(limit), err,
         stream_ready(s->stream) != 0);
    if (err)
        return err == -ETIMEDOUT ? -EINPROGRESS : sock_wait_error(err, limit);
    s->ever_connecting = false;
    return -stream_take_error(s->stream);
}

static int connect_op(struct sock *sock, const struct sock_name *name,
                      bool nonblock)
{
    struct inet_sock *s = inet_of(sock);
    struct net_addr a;
    int err = inet_parse(s, name, &a);

    if (err)
        return err;
    if (stream_state(s->stream) == STREAM_SYN_SENT)
        return nonblock ? -EALREADY : wait_connected(s);
    if (sock->listening)
        return -EISCONN;
    if (!(stream_ready(s->stream) & NET_CLOSED)) {
        if (!s->ever_connecting)
            return -EISCONN;
        s->ever_connecting = false; /* this call tells of the success */
        return 0;
    }
    if (s->ever_connecting) { /* the result of the last one */
        s->ever_connecting = false;
        err = stream_take_error(s->stream);
        if (err)
            return -err;
    }
    if (a.family == NET_NONE)
        return 0;
    err = inet_check_family(s, &a);
    if (!err)
        err = stream_connect(s->stream, &a);
    if (err)
        return err;
    s->ever_connecting = s->bound = true;
    /* Over loopback it may be done; the caller learns it from poll(2). */
    return nonblock ? -EINPROGRESS : wait_connected(s);
}

static int listen_op(struct sock *sock, int backlog)
{
    struct inet_sock *s = inet_of(sock);
    int err;

    reuse(s);
    err = stream_listen(s->stream, backlog);
    sock->listening |= !err;
    return err;
}

static int accept_op(struct sock *sock, bool nonblock, struct sock **out)
{
    struct inet_sock *s = inet_of(sock);
    uint64_t limit = sock->rcv_timeout_ns;
    struct stream *stream;
    int err;

    if (!sock->listening)
        return -EINVAL;
    if (!stream_ready(s->stream)) {
        poll_devices();
        if (nonblock && !stream_ready(s->stream))
            return -EAGAIN;
    }
    WAIT(&sock->waitq, sock_deadline(limit), err,
         !sock->listening || stream_ready(s->stream));
    if (err)
        return sock_wait_error(err, limit);
    stream = sock->listening ? stream_accept(s->stream) : NULL;
    if (!stream)
        return sock->listening ? -EAGAIN : -EINVAL;
    *out = inet_wrap(s, stream);
    return *out ? 0 : -ENOMEM;
}

/* What Linux does to a listener: the port is free, accept(2) fails. */
static int stop_listening(struct inet_sock *s)
{
    struct stream *fresh =
        stream_new(s->sock.domain == AF_INET ? NET_V4 : NET_V6, s->v6only);

    if (!fresh)
        return -ENOBUFS;
    stream_close(s->stream, false);
    s->stream = fresh;
    stream_set_owner(fresh, &s->owner);
    s->sock.listening = s->bound = false;
    waitq_wake(&s->sock.waitq, EPOLLIN | EPOLLHUP);
    return 0;
}

static int shutdown_op(struct sock *sock, int how)
{
    struct inet_sock *s = inet_of(sock);
    unsigned ready = stream_ready(s->stream);

    if (sock->listening)
        return how == SHUT_WR ? 0 : stop_listening(s);
    if (stream_state(s->stream) == STREAM_SYN_SENT || (ready & NET_CLOSED))
        return -ENOTCONN;
    if (how == SHUT_RD || how == SHUT_RDWR)
        sock->shut |= SHUT_RD_BIT;
    if (how == SHUT_WR || how == SHUT_RDWR) {
        sock->shut |= SHUT_WR_BIT;
        stream_shutdown(s->stream);
    }
    waitq_wake(&sock->waitq, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
    return 0;
}

static uint32_t poll_op(struct sock *sock)
{
    struct inet_sock *s = inet_of(sock);
    unsigned ready = stream_ready(s->stream);
    bool rcv_shut = (sock->shut & SHUT_RD_BIT) || (ready & NET_EOF);
    bool snd_shut = (sock->shut & SHUT_WR_BIT) || (ready & NET_SENT_FIN);
    uint32_t events = 0;

    if (sock->listening)
        return ready & NET_READABLE ? EPOLLIN | EPOLLRDNORM : 0;
    if ((ready & NET_CLOSED) || (rcv_shut && snd_shut))
        events |= EPOLLHUP;
    if (rcv_shut)
        events |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
    if (ready & NET_READABLE)
        events |= EPOLLIN | EPOLLRDNORM;
    if ((ready & NET_WRITABLE) || (snd_shut && ready))
        events |= EPOLLOUT | EPOLLWRNORM;
    if (ready & NET_ERROR)
        events |= EPOLLERR;
    return events;
}

static int take_error_op(struct sock *sock)
{
    struct inet_sock *s = inet_of(sock);
    int error = stream_take_error(s->stream);

    if (error)
        s->ever_connecting = false;
    return error;
}

/* SO_LINGER with a time: wait until all is acknowledged (socket(7)). */
static void linger(struct inet_sock *s)
{
    uint64_t end = clock_mono_ns() + (uint64_t)s->sock.linger_s * NSEC_PER_SEC;
    int err;

    stream_shutdown(s->stream);
    WAIT(&s->sock.waitq, end, err,
         stream_unsent_bytes(s->stream) == 0 ||
             (stream_ready(s->stream) & NET_CLOSED));
    (void)err;
}

static void release_op(struct sock *sock)
{
    struct inet_sock *s = inet_of(sock);
    bool reset = sock->linger_on && sock->linger_s == 0;

    if (sock->linger_on && sock->linger_s > 0 && !sock->listening &&
        stream_unsent_bytes(s->stream))
        linger(s);
    stream_set_owner(s->stream, NULL);
    stream_close(s->stream, reset);
    kfree(s);
}

const struct sock_ops inet_stream_ops = {
    .name = "tcp",
    .bind = stream_bind_op,
    .connect = connect_op,
    .listen = listen_op,
    .accept = accept_op,
    .send = inet_stream_send,
    .recv = inet_stream_recv,
    .shutdown = shutdown_op,
    .getname = inet_getname,
    .setsockopt = inet_setsockopt,
    .getsockopt = inet_getsockopt,
    .ioctl = inet_ioctl,
    .poll = poll_op,
    .take_error = take_error_op,
    .release = release_op,
};
