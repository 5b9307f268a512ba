/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receiving on AF_UNIX sockets: bytes or messages from the socket's queue.
 */
#include <linux/errno.h>
#include <linux/eventpoll.h>

#include "kernel/core/alloc.h"
#include "kernel/fs/sock/unix.h"
#include "lib/string.h"

void unix_msg_free(struct unix_msg *m)
{
    for (unsigned i = 0; i < m->nr_files; i++)
        file_put(m->files[i]);
    kfree(m->files);
    kfree(m->from);
    kfree(m);
}

/* Something was read here: whoever wanted to send may look again. */
static void wake_senders(struct unix_sock *u)
{
    waitq_wake(&u->room, EPOLLOUT);
    if (u->sock.type != SOCK_DGRAM) {
        if (u->peer)
            waitq_wake(&u->peer->sock.waitq, EPOLLOUT | EPOLLWRNORM);
        return;
    }
    list_for_each(node, &u->senders) waitq_wake(
        &container_of(node, struct unix_sock, sender_node)->sock.waitq,
        EPOLLOUT | EPOLLWRNORM);
}

static void dequeue(struct unix_sock *u, struct unix_msg *m)
{
    list_remove(&m->node);
    u->rx_bytes -= m->len_bytes - m->off;
    unix_msg_free(m);
}

static bool may_recv(const struct unix_sock *u)
{
    return !list_empty(&u->rx) || u->eof || u->reset ||
           (u->sock.shut & SHUT_RD_BIT);
}

/* Bytes of the queue's front into msg: up to the next message with files. */
static int64_t drain(struct unix_sock *u, struct sock_msg *msg, bool *stop)
{
    bool peek = msg->flags & MSG_PEEK;
    int64_t done = 0, n;

    list_for_each_safe(node, &u->rx)
    {
        struct unix_msg *m = container_of(node, struct unix_msg, node);
        size_t len = m->len_bytes - m->off;

        if (!msg->uio->resid_bytes || (m->nr_files && done)) {
            *stop = true;
            break;
        }
        if (len > msg->uio->resid_bytes)
            len = msg->uio->resid_bytes;
        n = uio_put(msg->uio, m->data + m->off, len);
        if (n < 0)
            return done ? done : n;
        if (!done && (m->nr_files || u->sock.passcred)) {
            *stop |= m->nr_files;
            scm_give(u, msg, m);
        }
        done += n;
        if (peek)
            continue;
        m->off += (size_t)n;
        u->rx_bytes -= (size_t)n;
        if (m->off == m->len_bytes)
            dequeue(u, m);
    }
    if (done && !peek)
        wake_senders(u);
    return done;
}

static int64_t recv_stream(struct unix_sock *u, struct sock_msg *msg)
{
    uint64_t limit = u->sock.rcv_timeout_ns, end = 0;
    int64_t done = 0, n;
    bool stop = false;
    int err;

    if (!u->connected)
        return u->sock.listening ? -EINVAL : -ENOTCONN;
    for (;;) {
        n = drain(u, msg, &stop);
        if (n < 0)
            return done ? done : n;
        done += n;
        if ((!msg->uio->resid_bytes && (done || !list_empty(&u->rx))) || stop ||
            (done && !(msg->flags & MSG_WAITALL)) ||
            (done && (msg->flags & MSG_PEEK)))
            return done;
        if (u->reset && !done) {
            u->reset = false;
            return -ECONNRESET;
        }
        if (u->eof || (u->sock.shut & SHUT_RD_BIT))
            return done;
        if (msg->flags & MSG_DONTWAIT)
            return done ? done : -EAGAIN;
        if (!end)
            end = sock_deadline(limit);
        WAIT(&u->sock.waitq, end, err, may_recv(u));
        if (err)
            return done ? done : sock_wait_error(err, limit);
    }
}

static int64_t recv_message(struct unix_sock *u, struct sock_msg *msg)
{
    uint64_t limit = u->sock.rcv_timeout_ns;
    static const struct unix_name unnamed;
    struct unix_msg *m;
    size_t len, full;
    int64_t n = 0;
    int err;

    if (u->sock.type == SOCK_SEQPACKET && !u->connected)
        return -ENOTCONN;
    if (!may_recv(u) && (msg->flags & MSG_DONTWAIT))
        return -EAGAIN;
    WAIT(&u->sock.waitq, sock_deadline(limit), err, may_recv(u));
    if (err)
        return sock_wait_error(err, limit);
    m = list_first(&u->rx, struct unix_msg, node);
    if (!m)
        return u->reset ? (u->reset = false, -ECONNRESET) : 0;
    full = len = m->len_bytes;
    if (len > msg->uio->resid_bytes) {
        len = msg->uio->resid_bytes;
        msg->out_flags |= MSG_TRUNC;
    }
    if (len)
        n = uio_put(msg->uio, m->data, len);
    if (n < 0)
        return n;
    if (u->sock.type == SOCK_SEQPACKET)
        msg->out_flags |= MSG_EOR;
    if (msg->name && u->sock.type == SOCK_DGRAM && m->from)
        unix_show(m->from, msg->name);
    else if (msg->name)
        unix_show(&unnamed, msg->name), msg->name->len_bytes = 0;
    scm_give(u, msg, m);
    if (!(msg->flags & MSG_PEEK)) {
        dequeue(u, m);
        wake_senders(u);
    }
    return msg->flags & MSG_TRUNC ? (int64_t)full : n;
}

int64_t unix_recv(struct sock *s, struct sock_msg *msg)
{
    if (msg->name)
        msg->name->len_bytes = 0;
    return s->type == SOCK_STREAM ? recv_stream(unix_of(s), msg)
                                  : recv_message(unix_of(s), msg);
}
