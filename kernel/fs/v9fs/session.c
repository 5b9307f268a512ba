/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests and answers; see session.h. What the server says is checked before
 * it is believed: it is another process.
 */
#include "kernel/fs/v9fs/session.h"

#include <linux/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/core/cpu.h"
#include "kernel/core/log.h"
#include "lib/string.h"

enum { IO_HEADER = 24, NOBODY = -1, ERRNO_MAX = 4095 };

struct request {
    struct list node;
    uint16_t tag;
    bool done, forgotten;
    struct waitq waitq;
    uint8_t *reply;
    size_t reply_size, reply_len;
};

uint32_t v9_new_fid(struct v9_session *s)
{
    return s->next_fid++;
}

uint32_t v9_io_bytes(const struct v9_session *s)
{
    uint32_t msize = s->msize_bytes ? s->msize_bytes : ABI_CHAN_MSG_MAX;

    return msize - IO_HEADER;
}

static struct request *find(struct v9_session *s, uint16_t tag)
{
    list_for_each(node, &s->pending)
    {
        struct request *r = container_of(node, struct request, node);

        if (r->tag == tag)
            return r;
    }
    return NULL;
}

static void answer(struct v9_session *s, size_t len)
{
    struct request *r;
    uint32_t size;
    uint16_t tag;

    if (len < V9_HEADER)
        return;
    memcpy(&size, s->rx, 4);
    memcpy(&tag, s->rx + 5, 2);
    r = find(s, tag);
    if (size != len || !r) {
        klog(LOG_WARN, "volume %u: an answer that nobody asked for", s->chan);
        return;
    }
    list_remove(&r->node);
    if (r->forgotten) {
        kfree(r);
        return;
    }
    r->reply_len = len <= r->reply_size ? len : 0;
    memcpy(r->reply, s->rx, r->reply_len);
    r->done = true;
    waitq_wake(&r->waitq, 0);
}

static bool session_poll(struct event_source *source)
{
    struct v9_session *s = container_of(source, struct v9_session, source);
    bool any = false;
    int64_t n;

    if (list_empty(&s->pending))
        return false;
    while ((n = platform.ops.chan_recv(s->chan, s->rx, ABI_CHAN_MSG_MAX)) > 0) {
        answer(s, (size_t)n);
        any = true;
    }
    if (any)
        waitq_wake(&s->ready, 0);
    return any;
}

int v9_session_init(struct v9_session *s, uint32_t chan)
{
    *s = (struct v9_session){.chan = chan, .next_fid = V9_ROOT_FID + 1};
    list_init(&s->pending);
    waitq_init(&s->ready);
    s->rx = kmalloc(ABI_CHAN_MSG_MAX);
    if (!s->rx)
        return -ENOMEM;
    s->source.poll = session_poll;
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

static int64_t try_send(struct v9_session *s, const struct v9_msg *m)
{
    return platform.ops.chan_send(s->chan, m->buf, m->pos);
}

static uint16_t new_tag(struct v9_session *s)
{
    do {
        s->next_tag++;
    } while (s->next_tag == V9_NOTAG || find(s, s->next_tag));
    return s->next_tag;
}

static void seal(struct v9_msg *m, uint16_t tag)
{
    uint32_t size = (uint32_t)m->pos;

    memcpy(m->buf, &size, 4);
    memcpy(m->buf + 5, &tag, 2);
}

/* 0 and m at the answer's body, or -errno. */
static int take_answer(struct v9_msg *m, const struct request *r, uint8_t sent)
{
    uint32_t err;

    m->size_bytes = r->reply_len;
    m->pos = V9_HEADER;
    m->bad = false;
    if (r->reply_len < V9_HEADER)
        return -EIO;
    if (m->buf[4] == sent + 1)
        return 0;
    err = m->buf[4] == RLERROR ? v9_get32(m) : 0;
    return err > 0 && err <= ERRNO_MAX ? -(int)err : -EIO;
}

static int exchange(struct v9_session *s, struct v9_msg *m, uint16_t tag,
                    size_t reply_size)
{
    struct request r = {.tag = tag, .reply = m->buf, .reply_size = reply_size};
    uint8_t sent = m->buf[4];
    int64_t n;

    if (m->bad)
        return -ENAMETOOLONG;
    seal(m, tag);
    waitq_init(&r.waitq);
    list_push_back(&s->pending, &r.node);
    WAIT_FOR(&s->ready, (n = try_send(s, m)) != -EAGAIN);
    if (n < 0) {
        list_remove(&r.node);
        return (int)n;
    }
    WAIT_FOR(&r.waitq, r.done);
    return take_answer(m, &r, sent);
}

static int set_up(struct v9_session *s)
{
    uint8_t buf[256];
    struct v9_msg m;
    uint32_t msize;
    size_t len;
    const char *version;
    int err;

    v9_begin(&m, buf, sizeof(buf), TVERSION);
    v9_put32(&m, ABI_CHAN_MSG_MAX);
    v9_puts(&m, "9P2000.L", 8);
    err = exchange(s, &m, V9_NOTAG, sizeof(buf));
    if (err)
        return err;
    msize = v9_get32(&m);
    version = v9_gets(&m, &len);
    if (m.bad || len != 8 || memcmp(version, "9P2000.L", 8) != 0 ||
        msize < V9_SMALL || msize > ABI_CHAN_MSG_MAX)
        return -EPROTONOSUPPORT;
    v9_begin(&m, buf, sizeof(buf), TATTACH);
    v9_put32(&m, V9_ROOT_FID);
    v9_put32(&m, (uint32_t)NOBODY);
    v9_puts(&m, "root", 4);
    v9_puts(&m, "", 0);
    v9_put32(&m, 0);
    err = exchange(s, &m, new_tag(s), sizeof(buf));
    if (err)
        return err;
    v9_get_qid(&m, &s->root_qid);
    s->msize_bytes = msize;
    return 0;
}

static int ensure_set_up(struct v9_session *s)
{
    int err;

    if (s->msize_bytes)
        return 0;
    if (s->setting_up) {
        WAIT_FOR(&s->ready, !s->setting_up);
        return s->msize_bytes ? 0 : -EIO;
    }
    s->setting_up = true;
    err = set_up(s);
    s->setting_up = false;
    waitq_wake(&s->ready, 0);
    return err;
}

int v9_call(struct v9_session *s, struct v9_msg *m, size_t reply_size)
{
    int err = ensure_set_up(s);

    return err ? err : exchange(s, m, new_tag(s), reply_size);
}

void v9_clunk(struct v9_session *s, uint32_t fid)
{
    struct request *r = kzalloc(sizeof(*r));
    uint8_t buf[V9_HEADER + 4];
    struct v9_msg m;

    if (!r)
        return; /* the server keeps one fid too many */
    r->forgotten = true;
    r->tag = new_tag(s);
    v9_begin(&m, buf, sizeof(buf), TCLUNK);
    v9_put32(&m, fid);
    seal(&m, r->tag);
    if (try_send(s, &m) < 0)
        kfree(r);
    else
        list_push_back(&s->pending, &r->node);
}
