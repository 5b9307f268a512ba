/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Internet sockets: creation and addresses (ip(7), ipv6(7)).
 */
#include "kernel/fs/sock/inet.h"

#include <asm/ioctls.h>
#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/sockios.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/core/uaccess.h"
#include "lib/string.h"

enum { SIN6_MIN = 24 }; /* sockaddr_in6 before the scope (RFC 2133) */

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

/* EPOLL* bits of what changed. */
static uint32_t bits(unsigned changed)
{
    uint32_t events = 0;

    if (changed & NET_READABLE)
        events |= EPOLLIN | EPOLLRDNORM;
    if (changed & NET_WRITABLE)
        events |= EPOLLOUT | EPOLLWRNORM;
    if (changed & NET_EOF)
        events |= EPOLLIN | EPOLLRDHUP;
    if (changed & NET_CLOSED)
        events |= EPOLLHUP;
    if (changed & NET_ERROR)
        events |= EPOLLERR;
    return events;
}

static void on_event(struct net_owner *owner, unsigned changed)
{
    struct inet_sock *s = container_of(owner, struct inet_sock, owner);

    waitq_wake(&s->sock.waitq, bits(changed));
}

static struct inet_sock *inet_new(int domain, int type, int protocol)
{
    struct inet_sock *s = kzalloc(sizeof(*s));

    if (!s)
        return NULL;
    sock_init(&s->sock,
              type == SOCK_STREAM ? &inet_stream_ops : &inet_dgram_ops, domain,
              type, protocol);
    s->owner.event = on_event;
    inet_kept_init(s);
    return s;
}

static int resolve_protocol(int type, int *protocol)
{
    if (type == SOCK_STREAM && *protocol == IPPROTO_IP)
        *protocol = IPPROTO_TCP;
    else if (type == SOCK_DGRAM && *protocol == IPPROTO_IP)
        *protocol = IPPROTO_UDP;
    if (*protocol < 0 || *protocol > 255)
        return -EINVAL;
    if ((type == SOCK_STREAM && *protocol != IPPROTO_TCP) ||
        (type == SOCK_DGRAM && *protocol != IPPROTO_UDP) ||
        (type == SOCK_RAW && *protocol == IPPROTO_IP))
        return -EPROTONOSUPPORT;
    return type == SOCK_SEQPACKET ? -ESOCKTNOSUPPORT : 0;
}

int inet_create(int domain, int type, int protocol, struct sock **out)
{
    enum net_family family = domain == AF_INET ? NET_V4 : NET_V6;
    struct inet_sock *s;
    int err = resolve_protocol(type, &protocol);

    if (err)
        return err;
    s = inet_new(domain, type, protocol);
    if (!s)
        return -ENOMEM;
    if (type == SOCK_STREAM) {
        s->stream = stream_new(family, false);
        if (s->stream)
            stream_set_owner(s->stream, &s->owner);
    } else {
        s->dgram = dgram_new(family, false, type == SOCK_RAW, protocol);
        if (s->dgram)
            dgram_set_owner(s->dgram, &s->owner);
    }
    if (!s->stream && !s->dgram) {
        kfree(s);
        return -ENOBUFS;
    }
    *out = &s->sock;
    return 0;
}

struct sock *inet_wrap(const struct inet_sock *listener, struct stream *stream)
{
    struct inet_sock *s =
        inet_new(listener->sock.domain, SOCK_STREAM, listener->sock.protocol);

    if (!s) {
        stream_close(stream, true);
        return NULL;
    }
    s->stream = stream;
    s->v6only = listener->v6only;
    s->bound = true;
    s->sock.reuseaddr = listener->sock.reuseaddr;
    s->sock.keepalive = listener->sock.keepalive;
    s->sock.linger_on = listener->sock.linger_on;
    s->sock.linger_s = listener->sock.linger_s;
    s->sock.device = listener->sock.device;
    s->sock.rcv_timeout_ns = listener->sock.rcv_timeout_ns;
    s->sock.snd_timeout_ns = listener->sock.snd_timeout_ns;
    stream_set_owner(stream, &s->owner);
    return &s->sock;
}

static int parse_v4(const struct sock_name *name, struct net_addr *out)
{
    struct sockaddr_in sin;

    if (name->len_bytes < sizeof(sin))
        return -EINVAL;
    memcpy(&sin, name->data, sizeof(sin));
    out->family = NET_V4;
    memcpy(out->ip, &sin.sin_addr, 4);
    out->port = __builtin_bswap16(sin.sin_port);
    return 0;
}

static int parse_v6(const struct sock_name *name, struct net_addr *out)
{
    struct sockaddr_in6 sin6 = {0};

    if (name->len_bytes < SIN6_MIN)
        return -EINVAL;
    memcpy(&sin6, name->data,
           name->len_bytes < sizeof(sin6) ? name->len_bytes : sizeof(sin6));
    out->port = __builtin_bswap16(sin6.sin6_port);
    if (memcmp(&sin6.sin6_addr, mapped, sizeof(mapped)) == 0) {
        out->family = NET_V4;
        memcpy(out->ip, (uint8_t *)&sin6.sin6_addr + sizeof(mapped), 4);
        return 0;
    }
    out->family = NET_V6;
    memcpy(out->ip, &sin6.sin6_addr, 16);
    if (out->ip[0] == 0xff || (out->ip[0] == 0xfe && out->ip[1] >> 6 == 2))
        out->scope = sin6.sin6_scope_id;
    return 0;
}

int inet_parse(const struct inet_sock *s, const struct sock_name *name,
               struct net_addr *out)
{
    uint16_t family;

    memset(out, 0, sizeof(*out));
    if (name->len_bytes < sizeof(family))
        return -EINVAL;
    memcpy(&family, name->data, sizeof(family));
    if (family == AF_UNSPEC)
        return 0;
    if (family == AF_INET && (s->sock.domain == AF_INET || s->dgram))
        return parse_v4(name, out);
    if (family == AF_INET6 && s->sock.domain == AF_INET6)
        return parse_v6(name, out);
    return -EAFNOSUPPORT;
}

int inet_check_family(const struct inet_sock *s, const struct net_addr *a)
{
    if (s->sock.domain == AF_INET6 && s->v6only && a->family == NET_V4)
        return -ENETUNREACH;
    return 0;
}

void inet_name(const struct inet_sock *s, const struct net_addr *a,
               struct sock_name *out)
{
    struct sockaddr_in sin = {.sin_family = AF_INET,
                              .sin_port = __builtin_bswap16(a->port)};
    struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6,
                                .sin6_port = __builtin_bswap16(a->port),
                                .sin6_scope_id = a->scope};

    if (s->sock.domain == AF_INET) {
        memcpy(&sin.sin_addr, a->ip, 4);
        memcpy(out->data, &sin, sizeof(sin));
        out->len_bytes = sizeof(sin);
        return;
    }
    if (a->family == NET_V4) {
        memcpy(&sin6.sin6_addr, mapped, sizeof(mapped));
        memcpy((uint8_t *)&sin6.sin6_addr + sizeof(mapped), a->ip, 4);
    } else {
        memcpy(&sin6.sin6_addr, a->ip, 16);
    }
    memcpy(out->data, &sin6, sizeof(sin6));
    out->len_bytes = sizeof(sin6);
}

int inet_getname(struct sock *sock, struct sock_name *out, bool peer)
{
    struct inet_sock *s = inet_of(sock);
    struct net_addr a;

    if (s->stream && peer) {
        stream_peer(s->stream, &a);
        if (a.family == NET_NONE || sock->listening ||
            (stream_ready(s->stream) & NET_CLOSED) ||
            stream_state(s->stream) == STREAM_SYN_SENT)
            return -ENOTCONN;
    } else if (s->stream) {
        stream_local(s->stream, &a);
    } else if (peer) {
        dgram_peer(s->dgram, &a);
        if (a.family == NET_NONE)
            return -ENOTCONN;
    } else {
        dgram_local(s->dgram, &a);
    }
    inet_name(s, &a, out);
    return 0;
}

/* SIOCGSTAMP and SIOCGSTAMPNS, the old and the new, are all alike here. */
static int64_t last_stamp(const struct inet_sock *s, uint32_t cmd, uint64_t arg)
{
    bool ns = cmd == SIOCGSTAMPNS_OLD || cmd == (uint32_t)SIOCGSTAMPNS_NEW;
    int64_t stamp[2] = {s->stamp_ns / (int64_t)NSEC_PER_SEC,
                        s->stamp_ns % (int64_t)NSEC_PER_SEC};

    if (!s->stamp_ns)
        return -ENOENT;
    if (!ns)
        stamp[1] /= 1000;
    return copy_out(arg, &stamp);
}

int64_t inet_ioctl(struct sock *sock, uint32_t cmd, uint64_t arg)
{
    struct inet_sock *s = inet_of(sock);
    struct packet *p = s->dgram ? dgram_first(s->dgram) : NULL;
    int value = 0;

    if (cmd == SIOCGSTAMP_OLD || cmd == SIOCGSTAMPNS_OLD ||
        cmd == (uint32_t)SIOCGSTAMP_NEW || cmd == (uint32_t)SIOCGSTAMPNS_NEW)
        return last_stamp(s, cmd, arg);
    if (cmd == SIOCATMARK && s->stream) /* urgent data there is none */
        return copy_out(arg, &value);
    if (cmd != FIONREAD && cmd != SIOCOUTQ)
        return -ENOTTY;
    if (cmd == SIOCOUTQ)
        value = s->stream ? (int)stream_unsent_bytes(s->stream) : 0;
    else if (s->stream && sock->listening)
        return -EINVAL;
    else if (s->stream)
        value = (int)stream_unread_bytes(s->stream);
    else if (p)
        value = (int)p->len_bytes;
    return copy_out(arg, &value);
}
