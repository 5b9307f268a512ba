/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several requests in one message: see chain.h.
 */
#include "kernel/fs/v9fs/chain.h"

#include <linux/errno.h>

#include "lib/string.h"

void v9_chain_begin(struct v9_chain *c, void *buf, size_t size_bytes)
{
    v9_begin(&c->m, buf, size_bytes, 0);
    c->requests = c->m.p.buf;
    c->m.p.pos = c->begun = c->sent = c->taken = c->there = 0;
    c->m.is_chain = true;
}

static void end_request(struct v9_chain *c)
{
    uint32_t size = (uint32_t)(c->m.p.pos - c->begun);

    memcpy(c->requests + c->begun, &size, sizeof(size));
}

void v9_chain_add(struct v9_chain *c, uint8_t type)
{
    if (c->m.p.pos)
        end_request(c);
    c->begun = c->m.p.pos;
    p9_put32(&c->m.p, 0);
    p9_put8(&c->m.p, type);
    p9_put16(&c->m.p, 0);
}

static uint32_t size_at(const uint8_t *at)
{
    uint32_t size;

    memcpy(&size, at, sizeof(size));
    return size;
}

/* One at a time, until one fails. */
static int send_each(struct v9_chain *c, struct v9_session *s, size_t end)
{
    int err = 0;

    for (size_t at = 0; !err && at < end; at += size_at(c->requests + at)) {
        struct v9_msg m = {
            .p = {.buf = c->requests + at,
                  .size_bytes = size_at(c->requests + at),
                  .pos = size_at(c->requests + at)},
        };

        err = v9_call_into(s, &m, c->reply + c->there,
                           sizeof(c->reply) - c->there);
        if (m.p.buf != c->reply + c->there)
            return err; /* there was no answer */
        c->there += m.p.size_bytes;
        c->seq = m.seq;
    }
    return 0;
}

int v9_chain_send(struct v9_chain *c, struct v9_session *s)
{
    size_t end = c->m.p.pos;
    int err;

    end_request(c);
    if (c->m.p.bad)
        return -ENAMETOOLONG;
    if (!s->has_batches)
        return send_each(c, s, end);
    err = v9_call_into(s, &c->m, c->reply, sizeof(c->reply));
    if (c->m.p.buf != c->reply)
        return err;
    c->there = c->m.p.size_bytes;
    c->seq = c->m.seq;
    return 0;
}

int v9_chain_next(struct v9_chain *c)
{
    const uint8_t *request = c->requests + c->sent;
    size_t left = c->there - c->taken;
    uint32_t size = left < P9_HEADER ? 0 : size_at(c->reply + c->taken);

    if (size < P9_HEADER || size > left)
        return -EIO;
    c->m.p = (struct p9_msg){.buf = c->reply + c->taken, .size_bytes = size};
    c->m.seq = c->seq;
    c->taken += size;
    c->sent += size_at(request);
    return v9_take_answer(&c->m, request[4]);
}

void v9_chain_walk(struct v9_chain *c, uint32_t fid, uint32_t new_fid,
                   const char *name)
{
    v9_chain_add(c, P9_WALK);
    v9_put_walk(&c->m, fid, new_fid, name);
}

int v9_chain_walked(struct v9_chain *c, const char *name, struct v9_qid *qid)
{
    int err = v9_chain_next(c);

    return err ? err : v9_get_walk(&c->m, name, qid);
}

void v9_chain_getattr(struct v9_chain *c, const struct v9_session *s,
                      uint32_t fid)
{
    v9_chain_add(c, P9_GETATTR);
    v9_put_getattr(&c->m, s, fid);
}

int v9_chain_got_attr(struct v9_chain *c, struct v9_attr *out)
{
    int err = v9_chain_next(c);

    return err ? err : v9_get_attr(&c->m, out);
}
