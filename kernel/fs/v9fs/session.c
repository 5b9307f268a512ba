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

enum { IO_HEADER = 24, NOBODY = -1, ERRNO_MAX = 4095, RREAD_HEADER = 11 };

struct request {
    struct list node;
    uint16_t tag;
    bool done, forgotten;
    struct waitq waitq;
    uint32_t fid; /* to be clunked, if forgotten */
    uint8_t *reply;
    size_t reply_size, reply_len;
    void *data;
    size_t data_bytes;
    uint64_t seq;
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

static struct request *find_in(struct list *list, uint16_t tag)
{
    list_for_each(node, list)
    {
        struct request *r = container_of(node, struct request, node);

        if (r->tag == tag)
            return r;
    }
    return NULL;
}

static struct request *find(struct v9_session *s, uint16_t tag)
{
    return find_in(&s->pending, tag);
}

static void notice(struct v9_session *s, size_t len)
{
    uint64_t path;
    uint32_t what;

    if (len != P9_HEADER + sizeof(path) + sizeof(what) || !s->notice)
        return;
    memcpy(&path, s->rx + P9_HEADER, sizeof(path));
    memcpy(&what, s->rx + P9_HEADER + sizeof(path), sizeof(what));
    s->notice(s, path, what);
}

/* File data goes straight to its place. */
static size_t take_data(const struct v9_session *s, struct request *r,
                        size_t len)
{
    uint32_t n;

    if (!r->data || s->rx[4] != P9_READ + 1 || len < RREAD_HEADER)
        return len;
    memcpy(&n, s->rx + P9_HEADER, sizeof(n));
    if (n > r->data_bytes || n != len - RREAD_HEADER)
        return 0;
    memcpy(r->data, s->rx + RREAD_HEADER, n);
    return RREAD_HEADER;
}

static void finish(struct v9_session *s, struct request *r, size_t len)
{
    list_remove(&r->node);
    if (r->forgotten) {
        kfree(r);
        return;
    }
    len = take_data(s, r, len);
    r->reply_len = len <= r->reply_size ? len : 0;
    memcpy(r->reply, s->rx, r->reply_len);
    r->seq = s->rx_seq;
    r->done = true;
    waitq_wake(&r->waitq, 0);
}

static void receive(struct v9_session *s, size_t len)
{
    struct request *r;
    uint32_t size;
    uint16_t tag;

    s->rx_seq++;
    if (len < P9_HEADER)
        return;
    memcpy(&size, s->rx, 4);
    memcpy(&tag, s->rx + 5, 2);
    if (size == len && s->rx[4] == P9_NOTICE) {
        notice(s, len);
        return;
    }
    r = find(s, tag);
    if (size != len || !r)
        klog(LOG_WARN, "volume %u: an answer that nobody asked for", s->chan);
    else
        finish(s, r, len);
}

/* No answer will come any more. */
static void give_up(struct v9_session *s)
{
    if (!s->dead)
        klog(LOG_ERROR, "volume %u: its server is gone", s->chan);
    s->dead = true;
    while (!list_empty(&s->unsent))
        finish(s, container_of(s->unsent.next, struct request, node), 0);
    while (!list_empty(&s->pending))
        finish(s, container_of(s->pending.next, struct request, node), 0);
}

static int64_t try_send(struct v9_session *s, const struct v9_msg *m)
{
    int64_t n = platform.ops.chan_send(s->chan, m->p.buf, m->p.pos);

    s->tx_nr += n >= 0;
    return n;
}

static void seal(struct v9_msg *m, uint16_t tag)
{
    uint32_t size = (uint32_t)m->p.pos;

    memcpy(m->p.buf, &size, 4);
    memcpy(m->p.buf + 5, &tag, 2);
}

static bool send_clunk(struct v9_session *s, struct request *r)
{
    uint8_t buf[P9_HEADER + 4];
    struct v9_msg m;

    v9_begin(&m, buf, sizeof(buf), P9_CLUNK);
    p9_put32(&m.p, r->fid);
    seal(&m, r->tag);
    return try_send(s, &m) >= 0;
}

static void send_unsent(struct v9_session *s)
{
    while (!list_empty(&s->unsent)) {
        struct request *r = container_of(s->unsent.next, struct request, node);

        if (!send_clunk(s, r))
            return;
        list_remove(&r->node);
        list_push_back(&s->pending, &r->node);
    }
}

bool v9_session_look(struct v9_session *s)
{
    bool any = false;
    int64_t n = -EAGAIN;

    if (s->dead)
        return false;
    while (!list_empty(&s->pending) &&
           (n = platform.ops.chan_recv(s->chan, s->rx, ABI_CHAN_MSG_MAX)) > 0) {
        receive(s, (size_t)n);
        any = true;
    }
    if (n <= 0 && n != -EAGAIN)
        give_up(s);
    if (any) {
        send_unsent(s);
        waitq_wake(&s->ready, 0);
    }
    return any;
}

static bool session_poll(struct event_source *source)
{
    struct v9_session *s = container_of(source, struct v9_session, source);

    return !list_empty(&s->pending) && v9_session_look(s);
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
    } while (s->next_tag == P9_NOTAG || find(s, s->next_tag) ||
             find_in(&s->unsent, s->next_tag));
    return s->next_tag;
}

/* 0 and m at the answer's body, or -errno. */
static int take_answer(struct v9_msg *m, const struct request *r, uint8_t sent)
{
    uint32_t err;

    m->p.size_bytes = r->reply_len;
    m->p.pos = P9_HEADER;
    m->p.bad = false;
    m->seq = r->seq;
    if (r->reply_len < P9_HEADER)
        return -EIO;
    if (m->p.buf[4] == sent + 1)
        return 0;
    err = m->p.buf[4] == P9_RLERROR ? p9_get32(&m->p) : 0;
    return err > 0 && err <= ERRNO_MAX ? -(int)err : -EIO;
}

static int exchange(struct v9_session *s, struct v9_msg *m, uint16_t tag,
                    size_t reply_size)
{
    struct request r = {.tag = tag,
                        .reply = m->p.buf,
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
    seal(m, tag);
    waitq_init(&r.waitq);
    list_push_back(&s->pending, &r.node);
    WAIT_FOR(&s->ready, s->dead || (n = try_send(s, m)) != -EAGAIN);
    if (n < 0) {
        list_remove(&r.node);
        return s->dead || n == -EPIPE ? -EIO : (int)n;
    }
    WAIT_FOR(&r.waitq, r.done);
    return take_answer(m, &r, sent);
}

int v9_session_start(struct v9_session *s)
{
    uint8_t buf[256];
    struct v9_msg m;
    uint32_t msize;
    size_t len;
    const char *version;
    int err;

    v9_begin(&m, buf, sizeof(buf), P9_VERSION);
    p9_put32(&m.p, ABI_CHAN_MSG_MAX);
    p9_put_str(&m.p, "9P2000.L", 8);
    err = exchange(s, &m, P9_NOTAG, sizeof(buf));
    if (err)
        return err;
    msize = p9_get32(&m.p);
    version = p9_get_str(&m.p, &len);
    if (m.p.bad || len != 8 || memcmp(version, "9P2000.L", 8) != 0 ||
        msize < V9_SMALL || msize > ABI_CHAN_MSG_MAX)
        return -EPROTONOSUPPORT;
    v9_begin(&m, buf, sizeof(buf), P9_ATTACH);
    p9_put32(&m.p, V9_ROOT_FID);
    p9_put32(&m.p, (uint32_t)NOBODY);
    p9_put_str(&m.p, "root", 4);
    p9_put_str(&m.p, "", 0);
    p9_put32(&m.p, 0);
    err = exchange(s, &m, new_tag(s), sizeof(buf));
    if (err)
        return err;
    v9_get_qid(&m, &s->root_qid);
    s->msize_bytes = msize;
    return 0;
}

int v9_call(struct v9_session *s, struct v9_msg *m, size_t reply_size)
{
    return exchange(s, m, new_tag(s), reply_size);
}

void v9_clunk(struct v9_session *s, uint32_t fid)
{
    struct request *r = kzalloc(sizeof(*r));

    if (!r || s->dead) {
        kfree(r);
        return; /* the server keeps one fid too many */
    }
    r->forgotten = true;
    r->fid = fid;
    r->tag = new_tag(s);
    list_push_back(send_clunk(s, r) ? &s->pending : &s->unsent, &r->node);
}
