/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes in and out of streams, and their ends.
 */
#include <linux/errno.h>

#include "kernel/net/tcp/request.h"
#include "kernel/net/tcp/stream.h"

enum { CORK_MS = 200, FIN_WAIT2_S = 60 };

/* ---- sending ---- */

static bool may_write(const struct conn *c)
{
    return (c->state == STREAM_ESTABLISHED || c->state == STREAM_CLOSE_WAIT) &&
           !c->fin_wanted;
}

void *stream_reserve(struct stream *s, size_t want, size_t *got)
{
    return may_write(&s->conn) ? tx_reserve(&s->conn, want, got) : NULL;
}

/* Held back, but not for ever (tcp(7), TCP_CORK). */
static void start_cork(struct conn *c, uint64_t now)
{
    bool held = (c->cork || c->more) && c->snd_nxt != c->write_seq;

    if (!held)
        conn_disarm(c, TIMER_CORK);
    else if (!conn_armed(c, TIMER_CORK))
        conn_arm(c, TIMER_CORK, now + CORK_MS * MSEC);
}

static void push(struct conn *c)
{
    uint64_t now = clock_mono_ns();

    if (c->state == STREAM_CLOSE)
        return;
    conn_output(c, now);
    start_cork(c, now);
    ip_kick();
}

static void written(struct conn *c, bool more)
{
    c->more = more;
    c->cork_over = false;
    if (c->ack_due == ACK_SOON || conn_armed(c, TIMER_ACK))
        c->answers = true; /* this is one */
    push(c);
}

void stream_commit(struct stream *s, size_t len_bytes, bool more)
{
    tx_commit(&s->conn, len_bytes);
    written(&s->conn, more);
}

size_t stream_lend(struct stream *s, const void *mem, size_t len_bytes,
                   struct loan *loan, bool more)
{
    size_t n = 0;

    if (may_write(&s->conn))
        n = tx_lend(&s->conn, mem, len_bytes, loan);
    if (n)
        written(&s->conn, more);
    return n;
}

void stream_flush(struct stream *s)
{
    s->conn.more = false;
    if (s->connected)
        push(&s->conn);
}

size_t stream_unsent_bytes(const struct stream *s)
{
    return tx_pending(&s->conn);
}

/* ---- receiving ---- */

size_t stream_peek(struct stream *s, size_t off, const void **ptr)
{
    return rx_peek(&s->conn, off, ptr);
}

void stream_consume(struct stream *s, size_t len_bytes)
{
    struct conn *c = &s->conn;

    rx_consume(c, len_bytes);
    if (c->state == STREAM_CLOSE || c->eof)
        return;
    window_read(c, (uint32_t)len_bytes, clock_mono_ns());
    if (window_opened(c)) {
        conn_send_ack(c, clock_mono_ns());
        ip_kick();
    }
    ack_after_read(c);
}

size_t stream_unread_bytes(const struct stream *s)
{
    return s->conn.rx_bytes;
}

/* ---- ends ---- */

static void send_fin(struct conn *c)
{
    c->fin_wanted = true;
    c->more = false;
    conn_disarm(c, TIMER_CORK);
    if (c->state == STREAM_ESTABLISHED || c->state == STREAM_SYN_RECV)
        c->state = STREAM_FIN_WAIT1;
    else if (c->state == STREAM_CLOSE_WAIT)
        c->state = STREAM_LAST_ACK;
    conn_output(c, clock_mono_ns());
}

int stream_shutdown(struct stream *s)
{
    if (!s->connected || s->conn.state == STREAM_CLOSE)
        return -ENOTCONN;
    if (s->conn.fin_wanted)
        return 0;
    conn_hold(&s->conn);
    send_fin(&s->conn);
    conn_unhold(&s->conn);
    ip_kick();
    return 0;
}

static void drop_queue(struct stream *l)
{
    struct list *node;

    requests_drop(l);
    while ((node = list_pop_front(&l->accept_queue))) {
        struct stream *child = container_of(node, struct stream, accept_node);

        child->listener = NULL;
        stream_close(child, true);
    }
}

/* Everything written is still delivered, then FIN. */
static void finish(struct stream *s)
{
    struct conn *c = &s->conn;

    if (!c->fin_wanted)
        send_fin(c);
    if (c->state == STREAM_FIN_WAIT2)
        conn_arm(c, TIMER_END, clock_mono_ns() + FIN_WAIT2_S * NSEC_PER_SEC);
}

void stream_close(struct stream *s, bool reset)
{
    struct conn *c = &s->conn;

    conn_hold(c);
    s->owner = NULL;
    c->orphan = true;
    if (s->listener) {
        s->listener->nr_accept--;
        list_remove(&s->accept_node);
        s->listener = NULL;
    }
    if (s->listening) {
        drop_queue(s);
        c->dead = true;
    } else if (c->state == STREAM_CLOSE) {
        c->dead = true;
    } else if (reset || !s->connected || c->rx_bytes) {
        conn_abort(c, 0, s->connected);
    } else {
        finish(s);
    }
    conn_unhold(c);
    ip_kick();
}
