/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests on their way into the channel: see outbox.h.
 */
#include "kernel/fs/v9fs/outbox.h"

#include <linux/errno.h>

#include "kernel/core/cpu.h"
#include "lib/string.h"

enum {
    CLUNK_BYTES = P9_HEADER + 4,
    FLUSH_BYTES = P9_HEADER + 32 * CLUNK_BYTES,
};

static void put_header(uint8_t *at, size_t size_bytes, uint8_t type,
                       uint16_t tag)
{
    struct p9_msg m = {.buf = at, .size_bytes = P9_HEADER};

    p9_put32(&m, (uint32_t)size_bytes);
    p9_put8(&m, type);
    p9_put16(&m, tag);
}

static void put_clunk(uint8_t *at, const struct v9_request *r)
{
    put_header(at, CLUNK_BYTES, P9_CLUNK, r->tag);
    memcpy(at + P9_HEADER, &r->fid, sizeof(r->fid));
}

static int64_t try_send(struct v9_session *s, const void *msg, size_t len_bytes)
{
    int64_t n = platform.ops.chan_send(s->chan, msg, len_bytes);

    s->tx_nr += n >= 0;
    return n;
}

static size_t count_unsent(const struct v9_session *s, size_t most)
{
    size_t nr = 0;

    list_for_each(node, &s->unsent) if (nr++ == most) return most;
    return nr;
}

/* The first nr of those that wait, one behind the other. */
static void put_unsent(const struct v9_session *s, uint8_t *at, size_t nr)
{
    list_for_each(node, &s->unsent)
    {
        if (!nr--)
            return;
        put_clunk(at, container_of(node, struct v9_request, node));
        at += CLUNK_BYTES;
    }
}

static void were_sent(struct v9_session *s, size_t nr)
{
    while (nr--) {
        struct list *node = s->unsent.next;

        list_remove(node);
        list_push_back(&s->pending, node);
    }
}

/* As many as go together. */
static int64_t send_some(struct v9_session *s)
{
    const size_t most = (FLUSH_BYTES - P9_HEADER) / CLUNK_BYTES;
    size_t nr = count_unsent(s, s->has_batches ? most : 1);
    size_t len = P9_HEADER + nr * CLUNK_BYTES;
    uint8_t buf[FLUSH_BYTES];
    int64_t n;

    put_header(buf, len, P9_BATCH,
               container_of(s->unsent.next, struct v9_request, node)->tag);
    put_unsent(s, buf + P9_HEADER, nr);
    n = nr > 1 ? try_send(s, buf, len)
               : try_send(s, buf + P9_HEADER, CLUNK_BYTES);
    if (n >= 0)
        were_sent(s, nr);
    return n;
}

void outbox_flush(struct v9_session *s)
{
    while (!s->dead && !list_empty(&s->unsent) && send_some(s) >= 0)
        ;
    s->is_stuck = !list_empty(&s->unsent);
}

void outbox_add(struct v9_session *s, struct v9_request *r)
{
    list_push_back(&s->unsent, &r->node);
    if (!s->has_batches || !event_defer())
        outbox_flush(s);
}

/* All requests of a chain have one tag. */
static void seal(struct v9_msg *m, uint16_t tag)
{
    size_t at = 0;
    uint32_t size;

    if (!m->is_chain)
        put_header(m->p.buf, m->p.pos, m->p.buf[4], tag);
    while (m->is_chain && at < m->p.pos) {
        memcpy(&size, m->p.buf + at, sizeof(size));
        memcpy(m->p.buf + at + 5, &tag, sizeof(tag));
        at += size;
    }
}

int64_t outbox_send(struct v9_session *s, struct v9_msg *m, uint16_t tag)
{
    size_t most = s->has_batches ? (V9_HEAD - P9_HEADER) / CLUNK_BYTES : 0;
    size_t nr = count_unsent(s, most), front;
    int64_t n;

    seal(m, tag);
    if (nr == 0 && !m->is_chain)
        return try_send(s, m->p.buf, m->p.pos);
    front = P9_HEADER + nr * CLUNK_BYTES;
    put_header(m->p.buf - front, front + m->p.pos, P9_BATCH, tag);
    put_unsent(s, m->p.buf - front + P9_HEADER, nr);
    n = try_send(s, m->p.buf - front, front + m->p.pos);
    if (n >= 0)
        were_sent(s, nr);
    return n;
}
