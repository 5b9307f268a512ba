/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What comes from the server: answers to those that wait for them, notices,
 * and its end. It is checked before it is believed: it is another process.
 */
#include <linux/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/core/cpu.h"
#include "kernel/core/log.h"
#include "kernel/fs/v9fs/outbox.h"
#include "lib/string.h"

enum { RREAD_HEADER = P9_HEADER + 4 };

struct v9_request *v9_request_find(struct list *list, uint16_t tag)
{
    list_for_each(node, list)
    {
        struct v9_request *r = container_of(node, struct v9_request, node);

        if (r->tag == tag)
            return r;
    }
    return NULL;
}

static struct v9_request *find(struct v9_session *s, uint16_t tag)
{
    return v9_request_find(&s->pending, tag);
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
static size_t take_data(struct v9_request *r, const uint8_t *msg, size_t len)
{
    uint32_t n;

    if (!r->data || len < RREAD_HEADER || msg[4] != P9_READ + 1)
        return len;
    memcpy(&n, msg + P9_HEADER, sizeof(n));
    if (n > r->data_bytes || n != len - RREAD_HEADER)
        return 0;
    memcpy(r->data, msg + RREAD_HEADER, n);
    return RREAD_HEADER;
}

/* msg: len bytes of one answer, or of a chain's. */
static void finish(struct v9_session *s, struct v9_request *r,
                   const uint8_t *msg, size_t len)
{
    list_remove(&r->node);
    if (r->forgotten) {
        kfree(r);
        return;
    }
    len = take_data(r, msg, len);
    r->reply_len = len <= r->reply_size ? len : 0;
    memcpy(r->reply, msg, r->reply_len);
    r->seq = s->rx_seq;
    r->done = true;
    waitq_wake(&r->waitq, 0);
}

static bool get_head(const uint8_t *msg, size_t len, uint32_t *size,
                     uint16_t *tag)
{
    if (len < P9_HEADER)
        return false;
    memcpy(size, msg, sizeof(*size));
    memcpy(tag, msg + 5, sizeof(*tag));
    return *size >= P9_HEADER && *size <= len;
}

static bool take(struct v9_session *s, uint16_t tag, const uint8_t *msg,
                 size_t len)
{
    struct v9_request *r = find(s, tag);

    if (r)
        finish(s, r, msg, len);
    return r;
}

/* Answers of one tag that stand together are a chain's. */
static bool take_batch(struct v9_session *s, const uint8_t *msg, size_t len)
{
    uint16_t tag, next;
    uint32_t size;

    while (len) {
        size_t end = 0;

        if (!get_head(msg, len, &size, &tag))
            return false;
        do {
            end += size;
        } while (get_head(msg + end, len - end, &size, &next) && next == tag);
        if (!take(s, tag, msg, end))
            return false;
        msg += end;
        len -= end;
    }
    return true;
}

static void receive(struct v9_session *s, size_t len)
{
    uint32_t size;
    uint16_t tag;
    bool good = get_head(s->rx, len, &size, &tag) && size == len;

    s->rx_seq++;
    if (good && s->rx[4] == P9_NOTICE) {
        notice(s, len);
        return;
    }
    if (good && s->rx[4] == P9_BATCH + 1)
        good = take_batch(s, s->rx + P9_HEADER, len - P9_HEADER);
    else if (good)
        good = take(s, tag, s->rx, len);
    if (!good)
        klog(LOG_WARN, "volume %u: an answer that nobody asked for", s->chan);
}

/* No answer will come any more. */
static void give_up(struct v9_session *s)
{
    if (!s->dead)
        klog(LOG_ERROR, "volume %u: its server is gone", s->chan);
    s->dead = true;
    while (!list_empty(&s->unsent))
        finish(s, container_of(s->unsent.next, struct v9_request, node), s->rx,
               0);
    while (!list_empty(&s->pending))
        finish(s, container_of(s->pending.next, struct v9_request, node), s->rx,
               0);
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
    if (any && s->is_stuck)
        outbox_flush(s);
    if (any)
        waitq_wake(&s->ready, 0);
    return any;
}
