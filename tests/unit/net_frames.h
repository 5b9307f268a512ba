/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What kernel/net/lwip stands on when it runs hosted: a clock that the test
 * moves, the configuration of one interface; and frames for that.
 */
#ifndef EINKORN_TESTS_UNIT_NET_FRAMES_H
#define EINKORN_TESTS_UNIT_NET_FRAMES_H

#include "tests/unit/fake_kernel.h"

#include "kernel/core/clock.h"
#include "kernel/core/config.h"
#include "kernel/core/event.h"
#include "kernel/net/net.h"
#include "kernel/net/netdev.h"
#include "kernel/net/transport.h"

enum { FRAME_MAX = 4000 };

static uint64_t now_ns = NSEC_PER_SEC;
static struct event_source *source;

uint64_t clock_mono_ns(void)
{
    return now_ns;
}

int64_t clock_real_ns(void)
{
    return (int64_t)now_ns;
}

void event_register(struct event_source *s)
{
    source = s;
}

bool event_defer(void)
{
    return false;
}

void random_bytes(void *buf, size_t len_bytes)
{
    for (size_t i = 0; i < len_bytes; i++)
        ((uint8_t *)buf)[i] = (uint8_t)rand();
}

const char *config_get(const char *key, unsigned index)
{
    if (index || strncmp(key, "net0.", 5) != 0)
        return NULL;
    if (strcmp(key, "net0.ip") == 0)
        return "10.0.0.2/24";
    return strcmp(key, "net0.ip6") == 0 ? "fd00::2/64" : NULL;
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
    snprintf(dst, size, "%s", src);
    return strlen(src);
}

unsigned long long str_to_u64(const char *s, const char **end)
{
    return strtoull(s, (char **)end, 10);
}

struct frame {
    size_t len;
    uint8_t data[FRAME_MAX];
};

/* To the stack. */
static struct frame in;

/* ---- making frames: from 10.0.0.1 or fd00::1 to .2 or ::2 ---- */

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 2};

static uint8_t *ethernet(unsigned type)
{
    memset(in.data, 0, sizeof(in.data));
    memcpy(in.data, our_mac, 6);
    in.data[6] = 2;
    in.data[11] = 1;
    put16(in.data + 12, type);
    return in.data + 14;
}

static unsigned ip_sum(const uint8_t *p, unsigned len)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < len; i += 2)
        sum += (uint32_t)p[i] << 8 | p[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return ~sum & 0xffff;
}

static uint8_t *ipv4(unsigned proto, size_t payload, unsigned frag)
{
    uint8_t *ip = ethernet(ETH_P_IP);

    ip[0] = 0x45;
    put16(ip + 2, (unsigned)(20 + payload));
    put16(ip + 4, 99);
    put16(ip + 6, frag);
    ip[8] = 64;
    ip[9] = (uint8_t)proto;
    put32(ip + 12, 0x0a000001);
    put32(ip + 16, 0x0a000002);
    put16(ip + 10, ip_sum(ip, 20));
    in.len = 34 + payload;
    return ip + 20;
}

static uint8_t *ipv6(unsigned proto, size_t payload)
{
    uint8_t *ip = ethernet(ETH_P_IPV6);

    ip[0] = 0x60;
    put16(ip + 4, (unsigned)payload);
    ip[6] = (uint8_t)proto;
    ip[7] = 255;
    ip[8] = ip[24] = 0xfd;
    ip[23] = 1;
    ip[39] = 2;
    in.len = 54 + payload;
    return ip + 40;
}

#endif
