/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of internet sockets that the transport need not know of: flags for
 * control messages, and hints that are checked and kept as Linux does, without
 * effect (docs/network.md).
 */
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/tcp.h>

#include "kernel/fs/sock/inet.h"

enum { FLAG = -1, STREAMS = 1, V6 = 2, FIN_TIMEOUT_S = 60, SYN_RETRIES = 6 };

#define AT(member) offsetof(struct inet_sock, member)
#define KEPT(i) (offsetof(struct inet_sock, kept) + (i) * sizeof(int))

static const struct kept {
    uint8_t level, opt;
    uint8_t only;   /* STREAMS, V6 */
    int32_t lo, hi; /* hi FLAG: any value, read back as 0 or 1 */
    int32_t initial;
    size_t offset;
} table[] = {
    {SOL_IP, IP_PKTINFO, 0, 0, FLAG, 0, AT(pktinfo)},
    {SOL_IP, IP_RECVTTL, 0, 0, FLAG, 0, AT(recvttl)},
    {SOL_IP, IP_RECVTOS, 0, 0, FLAG, 0, AT(recvtos)},
    {SOL_IPV6, IPV6_RECVPKTINFO, V6, 0, FLAG, 0, AT(pktinfo6)},
    {SOL_IPV6, IPV6_RECVHOPLIMIT, V6, 0, FLAG, 0, AT(recvttl)},
    {SOL_IPV6, IPV6_RECVTCLASS, V6, 0, FLAG, 0, AT(recvtos)},
    {SOL_IP, IP_RECVERR, 0, 0, FLAG, 0, KEPT(0)},
    {SOL_IPV6, IPV6_RECVERR, V6, 0, FLAG, 0, KEPT(1)},
    {SOL_IP, IP_FREEBIND, 0, 0, FLAG, 0, KEPT(2)},
    {SOL_IP, IP_BIND_ADDRESS_NO_PORT, 0, 0, FLAG, 0, KEPT(3)},
    {SOL_IP, IP_MTU_DISCOVER, 0, IP_PMTUDISC_DONT, IP_PMTUDISC_OMIT,
     IP_PMTUDISC_WANT, KEPT(4)},
    {SOL_IPV6, IPV6_MTU_DISCOVER, V6, IPV6_PMTUDISC_DONT, IPV6_PMTUDISC_OMIT,
     IPV6_PMTUDISC_WANT, KEPT(5)},
    {SOL_TCP, TCP_NOTSENT_LOWAT, STREAMS, INT32_MIN, INT32_MAX, 0, KEPT(15)},
    {SOL_TCP, TCP_DEFER_ACCEPT, STREAMS, INT32_MIN, INT32_MAX, 0, KEPT(6)},
    {SOL_TCP, TCP_QUICKACK, STREAMS, 0, FLAG, 1, KEPT(7)},
    {SOL_TCP, TCP_LINGER2, STREAMS, INT32_MIN, INT32_MAX, FIN_TIMEOUT_S,
     KEPT(8)},
    {SOL_TCP, TCP_SYNCNT, STREAMS, 1, 127, SYN_RETRIES, KEPT(9)},
    {SOL_TCP, TCP_WINDOW_CLAMP, STREAMS, 0, INT32_MAX, 0, KEPT(10)},
    /* Streams have no groups, yet Linux takes these. */
    {SOL_IP, IP_MULTICAST_TTL, STREAMS, 1, 0, 1, KEPT(14)}, /* but not set */
    {SOL_IP, IP_MULTICAST_LOOP, STREAMS, 0, FLAG, 1, KEPT(11)},
    {SOL_IPV6, IPV6_MULTICAST_HOPS, STREAMS | V6, -1, 255, 1, KEPT(12)},
    {SOL_IPV6, IPV6_MULTICAST_LOOP, STREAMS | V6, 0, 1, 1, KEPT(13)},
};

static const struct kept *find(const struct inet_sock *s, int level, int opt)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const struct kept *k = &table[i];

        if (k->level == level && k->opt == opt &&
            (!(k->only & STREAMS) || s->stream) &&
            (!(k->only & V6) || s->sock.domain == AF_INET6))
            return k;
    }
    return NULL;
}

static int *place(const struct inet_sock *s, const struct kept *k)
{
    return (int *)((uintptr_t)s + k->offset);
}

void inet_kept_init(struct inet_sock *s)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        *place(s, &table[i]) = table[i].initial;
}

/* What steers datagrams below. */
static int tell_dgram(struct inet_sock *s, int level, int opt, int value)
{
    if (level == SOL_IP && opt == IP_RECVERR)
        return dgram_set(s->dgram, NET_OPT_RECVERR4, value);
    if (level == SOL_IPV6 && opt == IPV6_RECVERR)
        return dgram_set(s->dgram, NET_OPT_RECVERR6, value);
    if (level == SOL_IP && opt == IP_MTU_DISCOVER)
        return dgram_set(s->dgram, NET_OPT_PMTUDISC4, value);
    if (level == SOL_IPV6 && opt == IPV6_MTU_DISCOVER)
        return dgram_set(s->dgram, NET_OPT_PMTUDISC6, value);
    return 0;
}

int inet_kept_set(struct inet_sock *s, int level, int opt, int value)
{
    const struct kept *k = find(s, level, opt);

    if (!k)
        return -ENOPROTOOPT;
    if (k->hi == FLAG)
        value = value != 0;
    else if (value < k->lo || value > k->hi)
        return -EINVAL;
    *place(s, k) = value;
    return s->dgram ? tell_dgram(s, level, opt, value) : 0;
}

int inet_kept_get(const struct inet_sock *s, int level, int opt, int *value)
{
    const struct kept *k = find(s, level, opt);

    if (!k)
        return -ENOPROTOOPT;
    *value = *place(s, k);
    return 0;
}
