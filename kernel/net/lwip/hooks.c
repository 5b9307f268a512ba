/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lwIP asks us at its hooks (third_party/lwip/port/lwip_hooks.h), except
 * those of listening sockets (stream_listen.c).
 */
#include "kernel/core/clock.h"
#include "kernel/core/random.h"
#include "kernel/net/lwip/glue.h"
#include "lwip_hooks.h"

static uint64_t rotl(uint64_t v, unsigned n)
{
    return v << n | v >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1], v[1] = rotl(v[1], 13) ^ v[0], v[0] = rotl(v[0], 32);
    v[2] += v[3], v[3] = rotl(v[3], 16) ^ v[2];
    v[0] += v[3], v[3] = rotl(v[3], 21) ^ v[0];
    v[2] += v[1], v[1] = rotl(v[1], 17) ^ v[2], v[2] = rotl(v[2], 32);
}

/* SipHash-2-4 of whole words (Aumasson and Bernstein, 2012). */
static uint64_t sip_hash(const uint64_t key[2], const uint64_t *words,
                         unsigned nr)
{
    uint64_t v[4] = {key[0] ^ UINT64_C(0x736f6d6570736575),
                     key[1] ^ UINT64_C(0x646f72616e646f6d),
                     key[0] ^ UINT64_C(0x6c7967656e657261),
                     key[1] ^ UINT64_C(0x7465646279746573)};

    for (unsigned i = 0; i <= nr; i++) {
        uint64_t word = i < nr ? words[i] : (uint64_t)nr << 59;

        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for (unsigned i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* RFC 6528: a clock of 4 microseconds plus a keyed hash of the connection. */
u32_t lwip_hook_tcp_isn(const ip_addr_t *local_ip, u16_t local_port,
                        const ip_addr_t *remote_ip, u16_t remote_port)
{
    static uint64_t key[2];
    struct net_addr local, remote;
    uint64_t words[5];

    if (!key[0] && !key[1])
        random_bytes(key, sizeof(key));
    from_ip(&local, local_ip, local_port);
    from_ip(&remote, remote_ip, remote_port);
    memcpy(words, local.ip, 16);
    memcpy(words + 2, remote.ip, 16);
    words[4] = (uint64_t)local_port << 16 | remote_port;
    return (u32_t)(clock_mono_ns() / 4096 + sip_hash(key, words, 5));
}

const ip6_addr_t *lwip_hook_nd6_gateway(struct netif *netif,
                                        const ip6_addr_t *dest)
{
    (void)dest;
    for (unsigned i = 0; i < nr_ifaces; i++)
        if (&ifaces[i]->netif == netif && ifaces[i]->has_gateway6)
            return &ifaces[i]->gateway6;
    return NULL;
}
