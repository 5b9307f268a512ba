/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sending on a stream. Data stays where the writer put it: lwIP's segments
 * refer to the chunks, which are freed as acknowledgements come in. While
 * corked (TCP_CORK, MSG_MORE) a last partial segment is not passed on, for at
 * most 200 ms (tcp(7)).
 */
#include <linux/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/net/lwip/stream.h"

enum {
    CHUNK_MAX = 0xff00 - sizeof(struct chunk),
    CHUNK_SMALL = 1024 - sizeof(struct chunk),
    REUSE_MIN = 256,
    CORK_NS = 200000000,
    WINDOW_MIN = 536, /* less is silly (RFC 813) */
};

/* Freed by their stream while a device may still read from them. */
static struct list zombies = LIST_INIT(zombies);

void tx_free_zombies(void)
{
    struct list *node;

    if (list_empty(&zombies) || !devices_idle())
        return;
    while ((node = list_pop_front(&zombies)))
        kfree(container_of(node, struct chunk, node));
}

static void chunk_free(struct chunk *c)
{
    list_remove(&c->node);
    if (devices_idle())
        kfree(c);
    else
        list_push_back(&zombies, &c->node);
}

static struct chunk *tail(struct stream *s)
{
    return list_empty(&s->chunks)
               ? NULL
               : container_of(s->chunks.prev, struct chunk, node);
}

static struct chunk *chunk_new(struct stream *s, size_t want)
{
    size_t size = want < CHUNK_SMALL ? CHUNK_SMALL : want;
    struct chunk *c;

    if (size > CHUNK_MAX)
        size = CHUNK_MAX;
    c = kmalloc(sizeof(*c) + size);
    if (!c)
        return NULL;
    c->size = (uint32_t)size;
    c->fill = c->passed = c->acked = 0;
    list_push_back(&s->chunks, &c->node);
    return c;
}

void *stream_reserve(struct stream *s, size_t want, size_t *got)
{
    struct chunk *c = tail(s);
    size_t room;

    if (!s->pcb || s->connecting || s->tx_bytes >= s->sndbuf)
        return NULL;
    room = s->sndbuf - s->tx_bytes;
    if (want > room)
        want = room;
    if (!c || (c->size - c->fill < want && c->size - c->fill < REUSE_MIN))
        c = chunk_new(s, want);
    if (!c)
        return NULL;
    *got = c->size - c->fill < want ? c->size - c->fill : want;
    return c->data + c->fill;
}

/* How much of c may go now. */
static uint32_t passable(const struct stream *s, const struct chunk *c)
{
    uint32_t n = c->fill - c->passed;

    if (c->node.next == &s->chunks && (s->cork || s->more) && !s->fin_wanted)
        n -= n % s->pcb->mss;
    return n;
}

void tx_push(struct stream *s)
{
    s->tx_stalled = false;
    list_for_each(node, &s->chunks)
    {
        struct chunk *c = container_of(node, struct chunk, node);
        uint32_t n = passable(s, c);
        u8_t flags = c->node.next == &s->chunks ? 0 : TCP_WRITE_FLAG_MORE;

        if (!n)
            continue;
        if (tcp_write(s->pcb, c->data + c->passed, (u16_t)n, flags) != ERR_OK) {
            s->tx_stalled = true;
            break;
        }
        c->passed += n;
    }
}

static bool all_passed(const struct stream *s)
{
    struct chunk *c = tail((struct stream *)(uintptr_t)s);

    return !s->tx_stalled && (!c || c->passed == c->fill);
}

/* True once FIN is on its way. */
static void try_finish(struct stream *s)
{
    if (!s->fin_wanted || s->fin_sent || !all_passed(s))
        return;
    s->fin_sent = true;
    if (s->orphan)
        tcp_close(s->pcb);
    else
        tcp_shutdown(s->pcb, 0, 1);
}

void tx_finish(struct stream *s)
{
    s->fin_wanted = true;
    timer_cancel(&s->cork_timer);
    tx_push(s);
    try_finish(s);
    if (s->pcb)
        tcp_output(s->pcb);
}

void tx_use_window(struct tcp_pcb *pcb)
{
    struct tcp_seg *seg = pcb->unsent;
    uint32_t window = LWIP_MIN(pcb->snd_wnd, pcb->cwnd);

    if (!seg || pcb->unacked || pcb->state < ESTABLISHED ||
        window < WINDOW_MIN || seg->len <= window)
        return;
    if (tcp_split_unsent_seg(pcb, (u16_t)window) == ERR_OK)
        tcp_output(pcb);
}

static void push_now(struct stream *s)
{
    tx_push(s);
    if (all_passed(s))
        timer_cancel(&s->cork_timer);
    else if ((s->cork || s->more) && !timer_armed(&s->cork_timer))
        timer_set(&s->cork_timer, clock_mono_ns() + CORK_NS);
    tcp_output(s->pcb);
    tx_use_window(s->pcb);
    lwip_kick();
}

void stream_commit(struct stream *s, size_t len_bytes, bool more)
{
    struct chunk *c = tail(s);

    if (!s->tx_bytes)
        s->progress_ns = clock_mono_ns();
    c->fill += (uint32_t)len_bytes;
    s->tx_bytes += len_bytes;
    if (!c->fill) /* nothing was put in */
        chunk_free(c);
    if (!s->pcb)
        return;
    s->more = more;
    push_now(s);
}

void stream_flush(struct stream *s)
{
    s->more = false;
    if (s->pcb && s->connected)
        push_now(s);
}

void tx_on_cork_timer(struct timer *timer)
{
    struct stream *s = container_of(timer, struct stream, cork_timer);
    bool cork = s->cork;

    s->cork = false;
    stream_flush(s);
    s->cork = cork;
}
/* Bytes that are acknowledged but belong to a segment that lwIP keeps. */
static uint32_t partly_acked(const struct tcp_pcb *pcb)
{
    uint32_t lowest = pcb->lastack;
    const struct tcp_seg *heads[] = {pcb->unacked, pcb->unsent};

    for (unsigned i = 0; i < 2; i++)
        if (heads[i]) {
            uint32_t seq = lwip_ntohl(heads[i]->tcphdr->seqno);

            if (TCP_SEQ_LT(seq, lowest))
                lowest = seq;
        }
    return pcb->lastack - lowest;
}

/* The first len bytes will not be looked at again. */
static void release(struct stream *s, size_t len)
{
    while (len && !list_empty(&s->chunks)) {
        struct chunk *c = list_first(&s->chunks, struct chunk, node);
        size_t n = c->passed - c->acked;

        n = n < len ? n : len;
        if (!n)
            break;
        c->acked += (uint32_t)n;
        len -= n;
        /* The newest may still be filled up. */
        if (c->acked == c->fill &&
            (c->node.next != &s->chunks || s->tx_bytes == 0))
            chunk_free(c);
    }
}

static void on_acked(struct stream *s, size_t len)
{
    size_t partial = s->pcb ? partly_acked(s->pcb) : 0;
    size_t done = len + s->tx_partial;

    s->tx_bytes -= len < s->tx_bytes ? len : s->tx_bytes;
    s->tx_partial = partial < done ? partial : done;
    release(s, done - s->tx_partial);
}

/* Retransmission timing: lwIP's estimate may sink to nothing, which would
 * make it give up within a second. */
static void keep_rto_sane(struct tcp_pcb *pcb)
{
    if (pcb->sv < RTO_MIN_TICKS)
        pcb->sv = RTO_MIN_TICKS;
    if (pcb->rto < RTO_MIN_TICKS)
        pcb->rto = RTO_MIN_TICKS;
}

err_t tx_on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
    struct stream *s = arg;
    bool was_full = s->tx_bytes >= s->sndbuf / 3 * 2;

    keep_rto_sane(pcb);
    if (s->user_timeout_ms)
        s->progress_ns = clock_mono_ns();
    s->busy = true;
    on_acked(s, len);
    if (s->tx_stalled)
        tx_push(s);
    try_finish(s);
    s->busy = false;
    if (s->orphan) {
        stream_reap(s);
        return ERR_OK;
    }
    if ((was_full && s->tx_bytes < s->sndbuf / 3 * 2) ||
        (s->fin_wanted && s->tx_bytes == 0))
        stream_event(s, NET_WRITABLE);
    return ERR_OK;
}

size_t stream_unsent_bytes(const struct stream *s)
{
    return s->tx_bytes;
}

void tx_free(struct stream *s)
{
    while (!list_empty(&s->chunks))
        chunk_free(list_first(&s->chunks, struct chunk, node));
    s->tx_bytes = s->tx_partial = 0;
}
