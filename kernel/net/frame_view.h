/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where things are in an Ethernet frame whose headers are in one piece.
 */
#ifndef EINKORN_KERNEL_NET_FRAME_VIEW_H
#define EINKORN_KERNEL_NET_FRAME_VIEW_H

#include <stdbool.h>
#include <stdint.h>

enum { PROTO_TCP = 6, PROTO_UDP = 17, UDP_HDR_LEN = 8 };

struct frame_view {
    const uint8_t *p; /* Ethernet header */
    unsigned len;     /* of the piece */
    unsigned ip_len;  /* IP header, 0: not IP */
    unsigned l4_len;  /* TCP header, 8 for UDP, 0: something else */
    uint8_t proto;    /* 0 for fragments */
    bool v6;
};

/* Of the first `len` bytes of a frame; never looks behind them. */
struct frame_view frame_view(const uint8_t *p, unsigned len);

static inline uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static inline void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

#endif
