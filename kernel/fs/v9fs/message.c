/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bytes of 9P messages: little-endian integers, counted strings.
 */
#include "kernel/fs/v9fs/message.h"

#include "lib/string.h"

static uint8_t *room(struct v9_msg *m, size_t len)
{
    uint8_t *p = m->buf + m->pos;

    if (m->bad || len > m->size_bytes - m->pos) {
        m->bad = true;
        return NULL;
    }
    m->pos += len;
    return p;
}

static void put(struct v9_msg *m, uint64_t v, size_t len)
{
    uint8_t *p = room(m, len);

    if (p)
        memcpy(p, &v, len);
}

static uint64_t get(struct v9_msg *m, size_t len)
{
    const uint8_t *p = room(m, len);
    uint64_t v = 0;

    if (p)
        memcpy(&v, p, len);
    return v;
}

void v9_begin(struct v9_msg *m, void *buf, size_t size_bytes, uint8_t type)
{
    *m = (struct v9_msg){.buf = buf, .size_bytes = size_bytes};
    put(m, 0, 4);
    put(m, type, 1);
    put(m, 0, 2);
}

void v9_put8(struct v9_msg *m, uint8_t v)
{
    put(m, v, 1);
}

void v9_put16(struct v9_msg *m, uint16_t v)
{
    put(m, v, 2);
}

void v9_put32(struct v9_msg *m, uint32_t v)
{
    put(m, v, 4);
}

void v9_put64(struct v9_msg *m, uint64_t v)
{
    put(m, v, 8);
}

void v9_puts(struct v9_msg *m, const char *s, size_t len)
{
    uint8_t *p;

    put(m, len, 2);
    p = room(m, len);
    if (p)
        memcpy(p, s, len);
}

uint8_t *v9_room(struct v9_msg *m, size_t len)
{
    return room(m, len);
}

uint8_t v9_get8(struct v9_msg *m)
{
    return (uint8_t)get(m, 1);
}

uint16_t v9_get16(struct v9_msg *m)
{
    return (uint16_t)get(m, 2);
}

uint32_t v9_get32(struct v9_msg *m)
{
    return (uint32_t)get(m, 4);
}

uint64_t v9_get64(struct v9_msg *m)
{
    return get(m, 8);
}

const uint8_t *v9_bytes(struct v9_msg *m, size_t len)
{
    return room(m, len);
}

const char *v9_gets(struct v9_msg *m, size_t *len)
{
    *len = v9_get16(m);
    return (const char *)room(m, *len);
}

void v9_get_qid(struct v9_msg *m, struct v9_qid *qid)
{
    qid->type = v9_get8(m);
    qid->version = v9_get32(m);
    qid->path = v9_get64(m);
}
