/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields of 9P messages: see ninep.h. */
#include "lib/ninep.h"

uint8_t *p9_bytes(struct p9_msg *m, size_t len)
{
    uint8_t *p = m->buf + m->pos;

    if (m->bad || len > m->size_bytes - m->pos) {
        m->bad = true;
        return NULL;
    }
    m->pos += len;
    return p;
}

static void put(struct p9_msg *m, uint64_t v, size_t len)
{
    uint8_t *p = p9_bytes(m, len);

    if (p)
        __builtin_memcpy(p, &v, len);
}

static uint64_t get(struct p9_msg *m, size_t len)
{
    const uint8_t *p = p9_bytes(m, len);
    uint64_t v = 0;

    if (p)
        __builtin_memcpy(&v, p, len);
    return v;
}

void p9_put8(struct p9_msg *m, uint8_t v)
{
    put(m, v, 1);
}

void p9_put16(struct p9_msg *m, uint16_t v)
{
    put(m, v, 2);
}

void p9_put32(struct p9_msg *m, uint32_t v)
{
    put(m, v, 4);
}

void p9_put64(struct p9_msg *m, uint64_t v)
{
    put(m, v, 8);
}

void p9_put_str(struct p9_msg *m, const char *s, size_t len)
{
    uint8_t *p;

    if (len > UINT16_MAX)
        m->bad = true;
    put(m, len, 2);
    p = p9_bytes(m, len);
    if (p)
        __builtin_memcpy(p, s, len);
}

uint8_t p9_get8(struct p9_msg *m)
{
    return (uint8_t)get(m, 1);
}

uint16_t p9_get16(struct p9_msg *m)
{
    return (uint16_t)get(m, 2);
}

uint32_t p9_get32(struct p9_msg *m)
{
    return (uint32_t)get(m, 4);
}

uint64_t p9_get64(struct p9_msg *m)
{
    return get(m, 8);
}

const char *p9_get_str(struct p9_msg *m, size_t *len)
{
    *len = p9_get16(m);
    return (const char *)p9_bytes(m, *len);
}
