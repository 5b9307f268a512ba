/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading options of internet sockets; see inet_opt.c for setting them.
 */
#include <asm/socket.h>
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/tcp.h>

#include "kernel/fs/sock/inet.h"
#include "kernel/net/net.h"
#include "lib/string.h"

static int transport_get(struct inet_sock *s, enum net_opt opt, int *value)
{
    return s->stream ? stream_get(s->stream, opt, value)
                     : dgram_get(s->dgram, opt, value);
}

static int get_socket(struct inet_sock *s, int opt, int *value)
{
    switch (opt) {
    case SO_SNDBUF:
        return transport_get(s, NET_OPT_SNDBUF, value);
    case SO_RCVBUF:
        return transport_get(s, NET_OPT_RCVBUF, value);
    default:
        return -ENOPROTOOPT;
    }
}

static int get_tcp(struct inet_sock *s, int opt, int *value)
{
    switch (opt) {
    case TCP_NODELAY:
        return transport_get(s, NET_OPT_NODELAY, value);
    case TCP_CORK:
        return transport_get(s, NET_OPT_CORK, value);
    case TCP_MAXSEG:
        return transport_get(s, NET_OPT_MSS, value);
    case TCP_KEEPIDLE:
        return transport_get(s, NET_OPT_KEEPIDLE, value);
    case TCP_KEEPINTVL:
        return transport_get(s, NET_OPT_KEEPINTVL, value);
    case TCP_KEEPCNT:
        return transport_get(s, NET_OPT_KEEPCNT, value);
    case TCP_USER_TIMEOUT:
        return transport_get(s, NET_OPT_USER_TIMEOUT_MS, value);
    case TCP_FASTOPEN:
        *value = s->fastopen;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

/* Where a router said so. */
static int narrow_mtu(const struct inet_sock *s, int *value)
{
    int told = 0, err = dgram_get(s->dgram, NET_OPT_PATH_MTU, &told);

    if (told && told < *value)
        *value = told;
    return err;
}

/* Of the interface that the connection leaves through. */
static int path_mtu(struct inet_sock *s, int *value)
{
    struct net_iface iface;
    struct net_addr a;

    if (s->stream)
        stream_peer(s->stream, &a);
    else
        dgram_peer(s->dgram, &a);
    if (a.family == NET_NONE ||
        (s->stream && stream_state(s->stream) == STREAM_CLOSE))
        return -ENOTCONN;
    for (unsigned i = 0; net_iface(i, &iface); i++)
        if (iface.loopback == net_addr_is_loopback(&a)) {
            *value = (int)iface.mtu;
            return s->dgram ? narrow_mtu(s, value) : 0;
        }
    return -ENOTCONN;
}

static int get_ip(struct inet_sock *s, int opt, int *value)
{
    switch (opt) {
    case IP_TOS:
        return transport_get(s, NET_OPT_TOS, value);
    case IP_TTL:
        return transport_get(s, NET_OPT_TTL, value);
    case IP_MTU:
        return path_mtu(s, value);
    case IP_MULTICAST_TTL:
        return transport_get(s, NET_OPT_MCAST_TTL, value);
    case IP_MULTICAST_LOOP:
        return transport_get(s, NET_OPT_MCAST_LOOP, value);
    case IP_MULTICAST_IF:
        *value = (int)s->mcast_addr4;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int get_ipv6(struct inet_sock *s, int opt, int *value)
{
    switch (opt) {
    case IPV6_V6ONLY:
        *value = s->v6only;
        return 0;
    case IPV6_UNICAST_HOPS:
        return transport_get(s, NET_OPT_TTL, value);
    case IPV6_TCLASS:
        return transport_get(s, NET_OPT_TOS, value);
    case IPV6_MTU:
        return path_mtu(s, value);
    case IPV6_MULTICAST_HOPS:
        return transport_get(s, NET_OPT_MCAST_TTL, value);
    case IPV6_MULTICAST_LOOP:
        return transport_get(s, NET_OPT_MCAST_LOOP, value);
    case IPV6_MULTICAST_IF:
        return transport_get(s, NET_OPT_MCAST_IF, value);
    default:
        return -ENOPROTOOPT;
    }
}

static int give(void *val, size_t *len, const void *data, size_t size)
{
    if (*len > size)
        *len = size;
    memcpy(val, data, *len);
    return 0;
}

static int tcp_info(struct inet_sock *s, void *val, size_t *len)
{
    struct tcp_info out = {0};
    struct stream_info in;

    stream_info(s->stream, &in);
    out.tcpi_state = (uint8_t)in.state;
    out.tcpi_retransmits = (uint8_t)in.retransmits;
    out.tcpi_options = TCPI_OPT_WSCALE;
    out.tcpi_snd_wscale = in.snd_scale & 15;
    out.tcpi_rcv_wscale = in.rcv_scale & 15;
    out.tcpi_rto = in.rto_us;
    out.tcpi_snd_mss = in.snd_mss;
    out.tcpi_rcv_mss = in.rcv_mss;
    out.tcpi_advmss = in.rcv_mss;
    out.tcpi_pmtu = in.snd_mss + 40;
    out.tcpi_rtt = out.tcpi_rcv_rtt = in.rtt_us;
    out.tcpi_rcv_space = in.rcv_wnd_bytes;
    if (in.snd_mss) {
        out.tcpi_unacked = in.unacked_bytes / in.snd_mss;
        out.tcpi_snd_cwnd = in.cwnd_bytes / in.snd_mss;
        out.tcpi_snd_ssthresh = in.ssthresh_bytes / in.snd_mss;
    }
    out.tcpi_total_retrans = in.retransmits;
    out.tcpi_snd_wnd = in.snd_wnd_bytes;
    return give(val, len, &out, sizeof(out));
}

static int congestion(struct inet_sock *s, void *val, size_t *len)
{
    char name[INET_CONGESTION_MAX] = "";

    inet_congestion_name(s, name);
    return give(val, len, name, sizeof(name));
}

/* Why there is no such level on this kind of socket, or 0. */
static int check_level(const struct inet_sock *s, int level)
{
    if (level == SOL_SOCKET || level == SOL_IP ||
        (level == SOL_TCP && s->stream))
        return 0;
    if (level == SOL_UDP && s->sock.type == SOCK_DGRAM)
        return -ENOPROTOOPT; /* it exists, but nothing of it here */
    if (s->sock.domain != AF_INET6)
        return -EOPNOTSUPP;
    return level == SOL_IPV6 ? 0 : -ENOPROTOOPT;
}

/* As wide as there is room for. */
static int pacing_rate(struct inet_sock *s, void *val, size_t *len)
{
    int value = -1;
    uint64_t wide;

    if (s->stream)
        (void)stream_get(s->stream, NET_OPT_PACE_MAX, &value);
    wide = (uint32_t)value == UINT32_MAX ? UINT64_MAX : (uint32_t)value;
    return *len < sizeof(wide) ? give(val, len, &value, sizeof(value))
                               : give(val, len, &wide, sizeof(wide));
}

int inet_getsockopt(struct sock *sock, int level, int opt, void *val,
                    size_t *len_bytes)
{
    struct inet_sock *s = inet_of(sock);
    int value = 0, err;

    if (s->sock.type == SOCK_RAW && inet_is_icmp_level(level))
        return inet_icmp_get(s, level, opt, val, len_bytes);
    err = check_level(s, level);
    if (err)
        return err;
    if (level == SOL_TCP && opt == TCP_INFO)
        return tcp_info(s, val, len_bytes);
    if (level == SOL_TCP && opt == TCP_CONGESTION)
        return congestion(s, val, len_bytes);
    if (level == SOL_SOCKET && opt == SO_MAX_PACING_RATE)
        return pacing_rate(s, val, len_bytes);
    err = inet_kept_get(s, level, opt, &value);
    if (err != -ENOPROTOOPT)
        return err ? err : give(val, len_bytes, &value, sizeof(value));
    if (level == SOL_SOCKET)
        err = get_socket(s, opt, &value);
    else if (level == SOL_TCP)
        err = get_tcp(s, opt, &value);
    else if (level == SOL_IP)
        err = get_ip(s, opt, &value);
    else if (level == SOL_IPV6)
        err = get_ipv6(s, opt, &value);
    return err ? err : give(val, len_bytes, &value, sizeof(value));
}
