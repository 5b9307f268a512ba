/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receiving on a stream. lwIP's chains are taken apart into single pbufs, as
 * a queue may be longer than a chain's 16-bit length.
 */
#include "kernel/net/lwip/stream.h"

enum { MERGE_MAX = 256, MERGE_SIZE = 4096 };

static void push(struct stream *s, struct pbuf *p)
{
    p->next = NULL;
    p->tot_len = p->len;
    if (s->rx_last)
        s->rx_last->next = p;
    else
        s->rx_first = p;
    s->rx_last = p;
    s->rx_bytes += p->len;
}

/* Many small segments that nobody reads must not cost many times their size:
 * behind others, they are copied together. */
static bool merge(struct stream *s, const struct pbuf *p)
{
    struct pbuf *m = s->rx_last;

    if (!m || p->len > MERGE_MAX)
        return false;
    if (s->rx_merge != m || m->len + p->len > MERGE_SIZE) {
        m = pbuf_alloc(PBUF_RAW, MERGE_SIZE, PBUF_RAM);
        if (!m)
            return false;
        m->len = 0;
        push(s, m);
        s->rx_merge = m;
    }
    memcpy((uint8_t *)m->payload + m->len, p->payload, p->len);
    m->len = m->tot_len = (u16_t)(m->len + p->len);
    s->rx_bytes += p->len;
    return true;
}

static void pop(struct stream *s)
{
    struct pbuf *p = s->rx_first;

    s->rx_first = p->next;
    if (!s->rx_first)
        s->rx_last = NULL;
    if (s->rx_merge == p)
        s->rx_merge = NULL;
    s->rx_off = 0;
    p->next = NULL;
    pbuf_free(p);
}

err_t rx_on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    struct stream *s = arg;

    (void)err;
    if (!p) {
        s->eof = true;
        stream_event(s, NET_READABLE | NET_EOF);
        return ERR_OK;
    }
    /* Two segments or more want an answer now (RFC 9293, 3.8.6.3); here they
     * may come as one. Peers with a small window would wait for it. */
    if (p->tot_len > pcb->mss)
        tcp_ack_now(pcb);
    while (p) {
        struct pbuf *next = p->next;

        p->next = NULL;
        if (p->len && !merge(s, p))
            push(s, p);
        else
            pbuf_free(p);
        p = next;
    }
    stream_event(s, NET_READABLE);
    return ERR_OK;
}

size_t stream_peek(struct stream *s, size_t off, const void **ptr)
{
    struct pbuf *p = s->rx_first;

    for (off += s->rx_off; p && off >= p->len; p = p->next)
        off -= p->len;
    if (!p)
        return 0;
    *ptr = (const uint8_t *)p->payload + off;
    return p->len - off;
}

/* Opens the window by what was read. After SO_RCVBUF was lowered some of it
 * is withheld until the window is as small as asked for. */
static void open_window(struct stream *s, size_t len)
{
    size_t wanted = s->rcvbuf < TCP_WND ? TCP_WND - s->rcvbuf : 0;

    if (s->withheld < wanted) {
        size_t n = wanted - s->withheld < len ? wanted - s->withheld : len;

        s->withheld += (uint32_t)n;
        len -= n;
    } else if (s->withheld > wanted) {
        len += s->withheld - wanted;
        s->withheld = (uint32_t)wanted;
    }
    while (len && s->pcb) {
        size_t n = len < 0xffff ? len : 0xffff;

        tcp_recved(s->pcb, (u16_t)n);
        len -= n;
    }
}

void stream_consume(struct stream *s, size_t len_bytes)
{
    size_t left = len_bytes;

    s->rx_bytes -= len_bytes;
    while (left) {
        size_t n = s->rx_first->len - s->rx_off;

        if (left < n) {
            s->rx_off += left;
            break;
        }
        left -= n;
        pop(s);
    }
    if (s->pcb && !s->eof) {
        open_window(s, len_bytes);
        lwip_kick();
    }
}

size_t stream_unread_bytes(const struct stream *s)
{
    return s->rx_bytes;
}

void rx_free(struct stream *s)
{
    while (s->rx_first)
        pop(s);
    s->rx_bytes = 0;
}
