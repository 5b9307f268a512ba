/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of internet sockets: levels IPPROTO_TCP, IPPROTO_IP, IPPROTO_IPV6
 * and what SOL_SOCKET leaves to the transport (tcp(7), ip(7), ipv6(7)).
 */
#include <asm/socket.h>
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/tcp.h>

#include "kernel/fs/sock/inet.h"
#include "lib/string.h"

enum {
    TIMEOUT_MAX_S = 32767,
    KEEPCNT_MAX = 127,
    USER_MSS_MIN = 88,
    USER_MSS_MAX = 32767,
    IPV6_MTU_MIN = 1280,
};

static int transport_set(struct inet_sock *s, enum net_opt opt, int value)
{
    return s->stream ? stream_set(s->stream, opt, value)
                     : dgram_set(s->dgram, opt, value);
}

/* socket(7): the value is doubled for book-keeping, and read back so. */
static int set_socket(struct inet_sock *s, int opt, int value)
{
    switch (opt) {
    case SO_SNDBUF:
    case SO_SNDBUFFORCE:
        return transport_set(s, NET_OPT_SNDBUF,
                             value < 1 << 29 ? value * 2 : value);
    case SO_RCVBUF:
    case SO_RCVBUFFORCE:
        return transport_set(s, NET_OPT_RCVBUF,
                             value < 1 << 29 ? value * 2 : value);
    case SO_KEEPALIVE:
        return s->stream ? transport_set(s, NET_OPT_KEEPALIVE, value) : 0;
    case SO_BINDTOIFINDEX:
        return transport_set(s, NET_OPT_DEVICE, value);
    case SO_BROADCAST:
        return s->dgram ? transport_set(s, NET_OPT_BROADCAST, value) : 0;
    case SO_MAX_PACING_RATE:
        return s->stream ? transport_set(s, NET_OPT_PACE_MAX, value)
                         : -ENOPROTOOPT;
    default:
        return -ENOPROTOOPT;
    }
}

/* Linux takes 64 bits of it, too, where the highest means no limit. */
static int pacing_rate(const void *val, size_t len_bytes, int value)
{
    uint64_t wide;

    if (len_bytes < sizeof(wide))
        return value;
    memcpy(&wide, val, sizeof(wide));
    return wide > UINT32_MAX ? -1 : (int)wide;
}

static int ranged(struct inet_sock *s, enum net_opt opt, int value, int lo,
                  int hi)
{
    return value < lo || value > hi ? -EINVAL : transport_set(s, opt, value);
}

/* Fast open is off, as tcp_fastopen in /proc/sys says: then a listener's queue
 * for it may be set (it stays empty) and no client can use it. */
static int set_fastopen(struct inet_sock *s, int value)
{
    enum stream_state state = stream_state(s->stream);

    if (value < 0 || (state != STREAM_CLOSE && state != STREAM_LISTEN))
        return -EINVAL;
    s->fastopen = value;
    return 0;
}

static int set_tcp(struct inet_sock *s, int opt, int value)
{
    if (!s->stream)
        return -ENOPROTOOPT;
    switch (opt) {
    case TCP_NODELAY:
        return transport_set(s, NET_OPT_NODELAY, value != 0);
    case TCP_CORK:
        return transport_set(s, NET_OPT_CORK, value != 0);
    case TCP_KEEPIDLE:
        return ranged(s, NET_OPT_KEEPIDLE, value, 1, TIMEOUT_MAX_S);
    case TCP_KEEPINTVL:
        return ranged(s, NET_OPT_KEEPINTVL, value, 1, TIMEOUT_MAX_S);
    case TCP_KEEPCNT:
        return ranged(s, NET_OPT_KEEPCNT, value, 1, KEEPCNT_MAX);
    case TCP_USER_TIMEOUT:
        return value < 0 ? -EINVAL
                         : transport_set(s, NET_OPT_USER_TIMEOUT_MS, value);
    case TCP_MAXSEG:
        return value ? ranged(s, NET_OPT_MSS, value, USER_MSS_MIN, USER_MSS_MAX)
                     : transport_set(s, NET_OPT_MSS, 0);
    case TCP_FASTOPEN:
        return set_fastopen(s, value);
    case TCP_FASTOPEN_CONNECT:
        return value < 0 || value > 1 ? -EINVAL : -EOPNOTSUPP;
    default:
        return -ENOPROTOOPT;
    }
}

static int set_ip(struct inet_sock *s, int opt, int value, const void *val,
                  size_t len)
{
    switch (opt) {
    case IP_TOS:
        return transport_set(s, NET_OPT_TOS, value & 0xff);
    case IP_TTL:
        return ranged(s, NET_OPT_TTL, value == -1 ? 64 : value, 1, 255);
    case IP_MULTICAST_TTL:
        return s->stream ? -EINVAL
                         : ranged(s, NET_OPT_MCAST_TTL, value == -1 ? 1 : value,
                                  0, 255);
    case IP_MULTICAST_LOOP:
        return transport_set(s, NET_OPT_MCAST_LOOP, value);
    case IP_MULTICAST_IF:
        return inet_mcast_if(s, val, len);
    case IP_ADD_MEMBERSHIP:
    case IP_DROP_MEMBERSHIP:
        return inet_mcast_member4(s, val, len, opt == IP_ADD_MEMBERSHIP);
    case MCAST_JOIN_GROUP:
    case MCAST_LEAVE_GROUP:
        return inet_mcast_group(s, val, len, opt == MCAST_JOIN_GROUP);
    default:
        return -ENOPROTOOPT;
    }
}

/* Only before anything is bound. */
static int set_v6only(struct inet_sock *s, bool on)
{
    if (s->bound)
        return -EINVAL;
    s->v6only = on;
    return s->stream ? stream_set(s->stream, NET_OPT_V6ONLY, on)
                     : dgram_set(s->dgram, NET_OPT_V6ONLY, on);
}

static int set_ipv6(struct inet_sock *s, int opt, int value, const void *val,
                    size_t len)
{
    if (s->sock.domain != AF_INET6)
        return -ENOPROTOOPT;
    switch (opt) {
    case IPV6_V6ONLY:
        return set_v6only(s, value);
    case IPV6_UNICAST_HOPS:
        return ranged(s, NET_OPT_TTL, value == -1 ? 64 : value, 0, 255);
    case IPV6_TCLASS:
        return transport_set(s, NET_OPT_TOS, value == -1 ? 0 : value & 0xff);
    case IPV6_MTU: /* a limit that no fragment gets near: see MTU_DISCOVER */
        return value && value < IPV6_MTU_MIN ? -EINVAL : 0;
    case IPV6_MULTICAST_HOPS:
        return transport_set(s, NET_OPT_MCAST_TTL, value == -1 ? 1 : value);
    case IPV6_MULTICAST_LOOP:
        return transport_set(s, NET_OPT_MCAST_LOOP, value);
    case IPV6_MULTICAST_IF:
        return transport_set(s, NET_OPT_MCAST_IF, value);
    case IPV6_ADD_MEMBERSHIP:
    case IPV6_DROP_MEMBERSHIP:
        return inet_mcast_member6(s, val, len, opt == IPV6_ADD_MEMBERSHIP);
    case MCAST_JOIN_GROUP:
    case MCAST_LEAVE_GROUP:
        return inet_mcast_group(s, val, len, opt == MCAST_JOIN_GROUP);
    default:
        return -ENOPROTOOPT;
    }
}

int inet_setsockopt(struct sock *sock, int level, int opt, const void *val,
                    size_t len_bytes)
{
    struct inet_sock *s = inet_of(sock);
    int value = 0, err;

    if (inet_is_icmp_level(level))
        return inet_icmp_set(s, level, opt, val, len_bytes);
    if (level == SOL_TCP && opt == TCP_CONGESTION && s->stream)
        return inet_congestion_set(s, val, len_bytes);
    if (len_bytes >= sizeof(value))
        memcpy(&value, val, sizeof(value));
    else if (len_bytes && level == SOL_IP)
        value = *(const uint8_t *)val; /* ip(7) allows a byte */
    else
        return -EINVAL;
    if (level == SOL_SOCKET && opt == SO_MAX_PACING_RATE)
        value = pacing_rate(val, len_bytes, value);
    err = inet_kept_set(s, level, opt, value);
    if (err != -ENOPROTOOPT)
        return err;
    switch (level) {
    case SOL_SOCKET:
        return set_socket(s, opt, value);
    case SOL_TCP:
        return set_tcp(s, opt, value);
    case SOL_IP:
        return set_ip(s, opt, value, val, len_bytes);
    case SOL_IPV6:
        return set_ipv6(s, opt, value, val, len_bytes);
    default:
        return -ENOPROTOOPT;
    }
}
