/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_INET and AF_INET6 sockets over kernel/net/transport.h. Shared by the
 * inet*.c files.
 */
#ifndef EINKORN_KERNEL_FS_SOCK_INET_H
#define EINKORN_KERNEL_FS_SOCK_INET_H

#include "kernel/fs/sock/sock.h"
#include "kernel/net/transport.h"

enum { INET_NR_KEPT = 16 };

struct inet_sock {
    struct sock sock;
    struct net_owner owner;
    struct stream *stream; /* one of both */
    struct dgram *dgram;
    bool v6only, bound;
    int pktinfo, pktinfo6, recvttl, recvtos; /* flags */
    int kept[INET_NR_KEPT];                  /* inet_kept.c */
    int fastopen;
    uint32_t mcast_addr4; /* IP_MULTICAST_IF's address, in network order */
    int64_t stamp_ns;     /* of the last datagram received: SIOCGSTAMP */
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

/* A datagram's address, time and so on, as far as the program wants them. */
void inet_put_control(struct inet_sock *s, struct sock_msg *msg,
                      const struct packet *p);
/* The oldest of the error queue (inet_error.c); -EAGAIN: none. */
int64_t inet_recv_error(struct sock *sock, struct sock_msg *msg);

int64_t inet_stream_send(struct sock *s, struct sock_msg *msg);
int64_t inet_stream_recv(struct sock *s, struct sock_msg *msg);
/* Options that are checked, kept and read back, but steer nothing below; and
 * those that steer the receiving of control messages. -ENOPROTOOPT: others. */
void inet_kept_init(struct inet_sock *s);
int inet_kept_set(struct inet_sock *s, int level, int opt, int value);
int inet_kept_get(const struct inet_sock *s, int level, int opt, int *value);
/* Values of options about groups (inet_mcast.c). */
int inet_mcast_if(struct inet_sock *s, const void *val, size_t len);
int inet_mcast_member4(struct inet_sock *s, const void *val, size_t len,
                       bool join);
int inet_mcast_member6(struct inet_sock *s, const void *val, size_t len,
                       bool join);
int inet_mcast_group(struct inet_sock *s, const void *val, size_t len,
                     bool join);
/* Filters of raw sockets: levels SOL_RAW and SOL_ICMPV6 (inet_icmp.c). */
bool inet_is_icmp_level(int level);
int inet_icmp_set(struct inet_sock *s, int level, int opt, const void *val,
                  size_t len_bytes);
int inet_icmp_get(struct inet_sock *s, int level, int opt, void *val,
                  size_t *len_bytes);
/* TCP_CONGESTION (tcp(7)). Set: 0, -EINVAL, -ENOENT (no such one), -ENOMEM. */
enum { INET_CONGESTION_MAX = 16 };
void inet_congestion_name(const struct inet_sock *s,
                          char out[INET_CONGESTION_MAX]);
int inet_congestion_set(struct inet_sock *s, const char *name,
                        size_t len_bytes);
int inet_setsockopt(struct sock *s, int level, int opt, const void *val,
                    size_t len_bytes);
int inet_getsockopt(struct sock *s, int level, int opt, void *val,
                    size_t *len_bytes);
int64_t inet_ioctl(struct sock *s, uint32_t cmd, uint64_t arg);
int inet_getname(struct sock *s, struct sock_name *out, bool peer);

#endif
