/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Agreeing on a protocol, and requests with their answers; see session.h. What
 * comes is taken apart by receive.c.
 */
#include "kernel/fs/v9fs/session.h"

#include <linux/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/core/cpu.h"
#include "kernel/fs/v9fs/outbox.h"
#include "lib/string.h"

/* IO_HEADER: of a write, with what goes in front of it and behind it. */
enum { IO_HEADER = 256, NOBODY = -1, ERRNO_MAX = 4095 };

uint32_t v9_new_fid(struct v9_session *s)
{
    return s->next_fid++;
}

uint32_t v9_io_bytes(const struct v9_session *s)
{
    uint32_t msize = s->msize_bytes ? s->msize_bytes : ABI_CHAN_MSG_MAX;

    return msize - IO_HEADER;
}

static bool session_poll(struct event_source *source)
{
    struct v9_session *s = container_of(source, struct v9_session, source);

    return !list_empty(&s->pending) && v9_session_look(s);
}

static void session_flush(struct event_source *source)
{
    outbox_flush(container_of(source, struct v9_session, source));
}

int v9_session_init(struct v9_session *s, uint32_t chan)
{
    *s = (struct v9_session){.chan = chan, .next_fid = V9_ROOT_FID + 1};
    list_init(&s->pending);
    list_init(&s->unsent);
    waitq_init(&s->ready);
    s->rx = kmalloc(ABI_CHAN_MSG_MAX);
    if (!s->rx)
        return -ENOMEM;
    s->source.poll = session_poll;
    s->source.flush = session_flush;
    event_register(&s->source);
    return 0;
}

/* Waits without being interrupted; cond is looked at after each wake. */
#define WAIT_FOR(q, cond)                                                      \
    do {                                                                       \
        struct waiter waiter_;                                                 \
        waiter_init_thread(&waiter_);                                          \
        waitq_add((q), &waiter_);                                              \
        while (!(cond))                                                        \
            thread_sleep_uninterruptible(NO_DEADLINE);                         \
        waitq_del(&waiter_);                                                   \
    } while (0)

static uint16_t new_tag(struct v9_session *s)
{
    do {
        s->next_tag++;
    } while (s->next_tag == P9_NOTAG ||
             v9_request_find(&s->pending, s->next_tag) ||
             v9_request_find(&s->unsent, s->next_tag));
    return s->next_tag;
}

int v9_take_answer(struct v9_msg *m, uint8_t sent)
{
    uint32_t err;

    m->p.pos = P9_HEADER;
    m->p.bad = false;
    if (m->p.size_bytes < P9_HEADER)
        return -EIO;
    if (m->p.buf[4] == sent + 1)
        return 0;
    err = m->p.buf[4] == P9_RLERROR ? p9_get32(&m->p) : 0;
    return err > 0 && err <= ERRNO_MAX ? -(int)err : -EIO;
}

static int exchange(struct v9_session *s, struct v9_msg *m, uint16_t tag,
                    void *reply, size_t reply_size)
{
    struct v9_request r = {.tag = tag,
                           .reply = reply,
                           .reply_size = reply_size,
                           .data = m->data,
                           .data_bytes = m->data_bytes};
    uint8_t sent = m->p.buf[4];
    int64_t n;

    if (m->p.bad)
        return -ENAMETOOLONG;
    if (s->dead)
        return -EIO;
    n = -EIO;
    waitq_init(&r.waitq);
    list_push_back(&s->pending, &r.node);
    WAIT_FOR(&s->ready, s->dead || (n = outbox_send(s, m, tag)) != -EAGAIN);
    if (n < 0) {
        list_remove(&r.node);
        return s->dead || n == -EPIPE ? -EIO : (int)n;
    }
    WAIT_FOR(&r.waitq, r.done);
    m->p.buf = reply;
    m->p.size_bytes = r.reply_len;
    m->seq = r.seq;
    return v9_take_answer(m, sent);
}

int v9_call(struct v9_session *s, struct v9_msg *m)
{
    return exchange(s, m, new_tag(s), m->p.buf, m->p.size_bytes);
}

static int agree(struct v9_session *s, const char *dialect)
{
    uint8_t buf[V9_HEAD + 256];
    struct v9_msg m;
    uint32_t msize;
    size_t len;
    const char *version;
    int err;

    v9_begin(&m, buf, sizeof(buf), P9_VERSION);
    p9_put32(&m.p, ABI_CHAN_MSG_MAX);
    p9_put_str(&m.p, dialect, strlen(dialect));
    err = exchange(s, &m, P9_NOTAG, m.p.buf, m.p.size_bytes);
    if (err)
        return err;
    msize = p9_get32(&m.p);
    version = p9_get_str(&m.p, &len);
    if (m.p.bad || len != strlen(dialect) ||
        memcmp(version, dialect, len) != 0 || msize < V9_SMALL - V9_HEAD ||
        msize > ABI_CHAN_MSG_MAX)
        return -EPROTONOSUPPORT;
    s->msize_bytes = msize;
    return 0;
}

int v9_session_start(struct v9_session *s)
{
    int err = agree(s, P9_BATCHES);
    uint8_t buf[V9_HEAD + 256];
    struct v9_msg m;

    s->has_batches = !err;
    if (err == -EPROTONOSUPPORT)
        err = agree(s, P9_PLAIN);
    if (err)
        return err;
    v9_begin(&m, buf, sizeof(buf), P9_ATTACH);
    p9_put32(&m.p, V9_ROOT_FID);
    p9_put32(&m.p, (uint32_t)NOBODY);
    p9_put_str(&m.p, "root", 4);
    p9_put_str(&m.p, "", 0);
    p9_put32(&m.p, 0);
    return v9_call(s, &m);
}

int v9_call_into(struct v9_session *s, struct v9_msg *m, void *reply,
                 size_t reply_size)
{
    return exchange(s, m, new_tag(s), reply, reply_size);
}

void v9_clunk(struct v9_session *s, uint32_t fid)
{
    struct v9_request *r = kzalloc(sizeof(*r));

    if (!r || s->dead) {
        kfree(r);
        return; /* the server keeps one fid too many */
    }
    r->forgotten = true;
    r->fid = fid;
    r->tag = new_tag(s);
    outbox_add(s, r);
}
