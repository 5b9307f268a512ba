/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_INET and AF_INET6 sockets over kernel/net/transport.h. Shared by the
 * inet*.c files.
 */
#ifndef EINKORN_KERNEL_FS_SOCK_INET_H
#define EINKORN_KERNEL_FS_SOCK_INET_H

#include "kernel/fs/sock/sock.h"
#include "kernel/net/transport.h"

struct inet_sock {
    struct sock sock;
    struct net_owner owner;
    struct stream *stream; /* one of both */
    struct dgram *dgram;
    bool v6only, pktinfo, pktinfo6, recvttl, recvtos, recverr, freebind;
    bool bound;
    int mtu_discover, defer_accept, quickack, unicast_hops, fastopen;
    bool ever_connecting; /* connect() was called: its result is due */
};

static inline struct inet_sock *inet_of(struct sock *s)
{
    return (struct inet_sock *)s;
}

extern const struct sock_ops inet_stream_ops, inet_dgram_ops;

/* A socket around an accepted stream; NULL: no memory (stream is closed). */
struct sock *inet_wrap(const struct inet_sock *listener, struct stream *stream);

/* sockaddr to address, as bind(2), connect(2) and sendto(2) check it: -EINVAL,
 * -EAFNOSUPPORT. AF_UNSPEC gives NET_NONE. */
int inet_parse(const struct inet_sock *s, const struct sock_name *name,
               struct net_addr *out);
/* Address to a sockaddr of the socket's domain. */
void inet_name(const struct inet_sock *s, const struct net_addr *a,
               struct sock_name *out);
/* Can the socket speak to this address at all? 0, -ENETUNREACH. */
int inet_check_family(const struct inet_sock *s, const struct net_addr *a);

int64_t inet_stream_send(struct sock *s, struct sock_msg *msg);
int64_t inet_stream_recv(struct sock *s, struct sock_msg *msg);
int inet_setsockopt(struct sock *s, int level, int opt, const void *val,
                    size_t len_bytes);
int inet_getsockopt(struct sock *s, int level, int opt, void *val,
                    size_t *len_bytes);
int64_t inet_ioctl(struct sock *s, uint32_t cmd, uint64_t arg);
int inet_getname(struct sock *s, struct sock_name *out, bool peer);

#endif
