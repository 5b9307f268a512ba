/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP options, read and written: MSS (RFC 9293, 3.2), window scale and time
 * stamps (RFC 7323), SACK (RFC 2018). Unknown ones are skipped.
 */
#include "kernel/net/tcp/conn.h"
#include "lib/string.h"

enum {
    OPT_END = 0,
    OPT_NOP = 1,
    OPT_MSS = 2,
    OPT_SCALE = 3,
    OPT_SACK_PERMITTED = 4,
    OPT_SACK = 5,
    OPT_TS = 8,
    SCALE_MAX = 14,
};

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static uint8_t *put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
    return p + 2;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
    return put16(put16(p, v >> 16), v & 0xffff);
}

static void parse_sack(struct tcp_options *o, const uint8_t *p, unsigned len)
{
    for (; len >= 8 && o->nr_sack < SACK_MAX; p += 8, len -= 8)
        o->sack[o->nr_sack++] =
            (struct seq_range){.start = get32(p), .end = get32(p + 4)};
}

/* One option's value of n bytes. */
static void parse_one(struct tcp_options *o, uint8_t kind, const uint8_t *p,
                      unsigned n)
{
    if (kind == OPT_MSS && n == 2) {
        o->mss = get16(p);
    } else if (kind == OPT_SCALE && n == 1) {
        o->has_scale = true;
        o->scale = p[0] < SCALE_MAX ? p[0] : SCALE_MAX;
    } else if (kind == OPT_SACK_PERMITTED && n == 0) {
        o->sack_permitted = true;
    } else if (kind == OPT_SACK) {
        parse_sack(o, p, n);
    } else if (kind == OPT_TS && n == 8) {
        o->has_ts = true;
        o->ts_val = get32(p);
        o->ts_ecr = get32(p + 4);
    }
}

void options_parse(struct tcp_options *o, const uint8_t *p, unsigned len)
{
    memset(o, 0, sizeof(*o));
    while (len) {
        if (*p == OPT_END)
            return;
        if (*p == OPT_NOP) {
            p++, len--;
            continue;
        }
        if (len < 2 || p[1] < 2 || p[1] > len)
            return;
        parse_one(o, p[0], p + 2, p[1] - 2u);
        len -= p[1];
        p += p[1];
    }
}

uint32_t ts_now(const struct conn *c, uint64_t now)
{
    return (uint32_t)(now / MSEC) + c->ts_offset;
}

static uint8_t *put_ts(uint8_t *p, uint32_t val, uint32_t ecr)
{
    *p++ = OPT_NOP;
    *p++ = OPT_NOP;
    *p++ = OPT_TS;
    *p++ = 10;
    return put32(put32(p, val), ecr);
}

unsigned options_syn(uint8_t *p, uint16_t mss, const struct tcp_options *peer,
                     uint32_t ts_val, uint32_t ts_ecr)
{
    uint8_t *start = p;

    *p++ = OPT_MSS;
    *p++ = 4;
    p = put16(p, mss);
    if (!peer || peer->sack_permitted) {
        *p++ = OPT_NOP;
        *p++ = OPT_NOP;
        *p++ = OPT_SACK_PERMITTED;
        *p++ = 2;
    }
    if (!peer || peer->has_ts)
        p = put_ts(p, ts_val, ts_ecr);
    if (!peer || peer->has_scale) {
        *p++ = OPT_NOP;
        *p++ = OPT_SCALE;
        *p++ = 3;
        *p++ = RCV_SCALE;
    }
    return (unsigned)(p - start);
}

/* Blocks that fit beside a time stamp. */
static unsigned nr_blocks(const struct conn *c)
{
    unsigned max = c->ts_ok ? SACK_MAX - 1 : SACK_MAX;
    unsigned n = c->nr_sack + (c->has_dsack ? 1 : 0);

    return !c->sack_ok ? 0 : n < max ? n : max;
}

unsigned options_len(const struct conn *c)
{
    unsigned n = nr_blocks(c);

    return (c->ts_ok ? TS_OPTION_LEN : 0) + (n ? 4 + 8 * n : 0);
}

static uint8_t *put_sack(const struct conn *c, uint8_t *p, unsigned n)
{
    unsigned i = 0;

    *p++ = OPT_NOP;
    *p++ = OPT_NOP;
    *p++ = OPT_SACK;
    *p++ = (uint8_t)(2 + 8 * n);
    if (c->has_dsack) { /* RFC 2883: first of all */
        p = put32(put32(p, c->dsack.start), c->dsack.end);
        n--;
    }
    for (; i < n; i++)
        p = put32(put32(p, c->sack[i].start), c->sack[i].end);
    return p;
}

unsigned options_write(const struct conn *c, uint8_t *p, uint64_t now)
{
    uint8_t *start = p;
    unsigned n = nr_blocks(c);

    if (c->ts_ok)
        p = put_ts(p, ts_now(c, now), c->ts_recent);
    if (n)
        p = put_sack(c, p, n);
    return (unsigned)(p - start);
}
