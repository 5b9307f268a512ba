/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can be asked of AF_UNIX sockets: readiness, ioctls, options.
 */
#include <asm/ioctls.h>
#include <asm/socket.h>
#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/sockios.h>

#include "kernel/core/uaccess.h"
#include "kernel/fs/sock/unix.h"
#include "lib/string.h"

enum { RCVBUF_MIN = 2304, SNDBUF_MIN = 4608 };

/* Will a write be taken? Linux: while less than half is used up. */
static bool writable(const struct unix_sock *u)
{
    if (u->peer)
        return u->peer->rx_bytes < u->peer->buf / 2 || u->peer->dead;
    return u->sock.type == SOCK_DGRAM || u->connected;
}

uint32_t unix_poll(struct sock *s)
{
    struct unix_sock *u = unix_of(s);
    bool stream = s->type != SOCK_DGRAM;
    bool rcv_shut = (s->shut & SHUT_RD_BIT) || u->eof;
    bool snd_shut = s->shut & SHUT_WR_BIT;
    uint32_t events = 0;

    if (s->listening)
        return list_empty(&u->pending) ? 0 : EPOLLIN | EPOLLRDNORM;
    if (!list_empty(&u->rx) || rcv_shut)
        events |= EPOLLIN | EPOLLRDNORM;
    if (rcv_shut)
        events |= EPOLLRDHUP;
    if (stream && (!u->connected || !u->peer || (rcv_shut && snd_shut)))
        events |= EPOLLHUP;
    if (writable(u) || (stream && !u->connected))
        events |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
    return events | (u->reset ? EPOLLERR : 0u);
}

int64_t unix_ioctl(struct sock *s, uint32_t cmd, uint64_t arg)
{
    struct unix_sock *u = unix_of(s);
    struct unix_msg *first = list_first(&u->rx, struct unix_msg, node);
    int value = 0;

    if (cmd == FIONREAD)
        value = s->type == SOCK_STREAM ? (int)u->rx_bytes
                : first                ? (int)first->len_bytes
                                       : 0;
    else if (cmd == SIOCOUTQ)
        value = u->peer ? (int)u->peer->rx_bytes : 0;
    else
        return -ENOTTY;
    return copy_out(arg, &value);
}

int unix_take_error(struct sock *s)
{
    struct unix_sock *u = unix_of(s);
    bool reset = u->reset;

    u->reset = false;
    return reset ? ECONNRESET : 0;
}

/* socket(7): doubled for book-keeping. */
static uint32_t buffer_size(int value, uint32_t least)
{
    uint32_t twice = value > (32 << 20) ? 64 << 20 : (uint32_t)value * 2;

    return twice < least ? least : twice;
}

int unix_setsockopt(struct sock *s, int level, int opt, const void *val,
                    size_t len)
{
    struct unix_sock *u = unix_of(s);
    int value;

    if (level != SOL_SOCKET)
        return -EOPNOTSUPP;
    memcpy(&value, val, len < sizeof(value) ? len : sizeof(value));
    value = value < 0 ? 0 : value;
    if (opt == SO_RCVBUF)
        u->buf = buffer_size(value, RCVBUF_MIN);
    else if (opt == SO_SNDBUF) /* what counts is the receiver's */
        u->sndbuf = buffer_size(value, SNDBUF_MIN);
    else
        return -ENOPROTOOPT;
    return 0;
}

int unix_getsockopt(struct sock *s, int level, int opt, void *val, size_t *len)
{
    struct unix_sock *u = unix_of(s);
    struct ucred none = {0, ~0u, ~0u};
    int value = (int)(opt == SO_SNDBUF ? u->sndbuf : u->buf);
    const void *from = &value;
    size_t size = sizeof(value);

    if (level != SOL_SOCKET)
        return -EOPNOTSUPP;
    if (opt == SO_PEERCRED) {
        from = u->connected || s->listening ? &u->peercred : &none;
        size = sizeof(none);
    } else if (opt != SO_RCVBUF && opt != SO_SNDBUF) {
        return -ENOPROTOOPT;
    }
    if (*len > size)
        *len = size;
    memcpy(val, from, *len);
    return 0;
}
