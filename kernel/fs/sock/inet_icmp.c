/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which types of ICMP a raw socket sees: ICMP_FILTER (raw(7)) and
 * ICMPV6_FILTER (RFC 3542, 3.2; a bit that is set blocks).
 */
#include <linux/errno.h>
#include <linux/icmpv6.h>
#include <linux/in.h>
#include <linux/in6.h>

#include "kernel/fs/sock/inet.h"
#include "lib/string.h"

enum { ICMP_FILTER = 1 }; /* <linux/icmp.h> needs a C library */

/* Bytes of the filter at that level, or -errno. */
static int filter_bytes(const struct inet_sock *s, int level, int opt)
{
    bool v4 = level == SOL_RAW && opt == ICMP_FILTER;
    bool v6 = level == SOL_ICMPV6 && opt == ICMPV6_FILTER;

    if (s->sock.type != SOCK_RAW || !(v4 || v6))
        return -ENOPROTOOPT;
    if (s->sock.protocol != (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
        return -EOPNOTSUPP;
    return v4 ? sizeof(uint32_t) : ICMP_FILTER_WORDS * sizeof(uint32_t);
}

bool inet_is_icmp_level(int level)
{
    return level == SOL_RAW || level == SOL_ICMPV6;
}

int inet_icmp_set(struct inet_sock *s, int level, int opt, const void *val,
                  size_t len_bytes)
{
    int size = filter_bytes(s, level, opt);

    if (size < 0)
        return size;
    memcpy(dgram_icmp_filter(s->dgram), val,
           len_bytes < (size_t)size ? len_bytes : (size_t)size);
    return 0;
}

int inet_icmp_get(struct inet_sock *s, int level, int opt, void *val,
                  size_t *len_bytes)
{
    int size = filter_bytes(s, level, opt);

    if (size < 0)
        return size;
    if (*len_bytes > (size_t)size)
        *len_bytes = (size_t)size;
    memcpy(val, dgram_icmp_filter(s->dgram), *len_bytes);
    return 0;
}
