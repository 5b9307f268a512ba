/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What has arrived in sequence and is unread. Small segments are copied
 * together; a large one's memory is taken over.
 */
#include "kernel/core/alloc.h"
#include "kernel/net/tcp/conn.h"
#include "lib/string.h"

enum {
    MERGE_MAX = 1024,       /* longer ones get a buffer of their own */
    MERGE_ROOM = 4096 - 96, /* room for later ones, if nobody reads */
    TAKE_MIN = 16 << 10,    /* below, copying is cheaper than its memory */
};

void rx_buf_free(struct rx_buf *b)
{
    tcp_memory_sub(b->cost);
    if (b->release)
        b->release(b);
    else
        kfree(b);
}

/* Payload from `skip` on, copied behind dst. */
static void copy_out(uint8_t *dst, const struct segment *seg, uint32_t skip,
                     uint32_t len)
{
    uint32_t first = seg->part_len[0] > skip ? seg->part_len[0] - skip : 0;

    if (first > len)
        first = len;
    memcpy(dst, seg->part[0] + skip, first);
    skip = skip > seg->part_len[0] ? skip - seg->part_len[0] : 0;
    if (len > first)
        memcpy(dst + first, seg->part[1] + skip, len - first);
}

struct rx_buf *rx_buf_new(struct conn *c, const struct segment *seg,
                          uint32_t skip, uint32_t room)
{
    uint32_t len = seg->len - skip;
    struct rx_buf *b = kmalloc(sizeof(*b) + len + room);

    (void)c;
    if (!b)
        return NULL;
    b->seq = seg->seq + skip;
    b->len = len;
    b->room = room;
    b->cost = (uint32_t)sizeof(*b) + len + room;
    b->data = (const uint8_t *)(b + 1);
    b->release = NULL;
    copy_out((uint8_t *)(b + 1), seg, skip, len);
    tcp_memory_add(b->cost);
    return b;
}

static struct rx_buf *newest(struct conn *c)
{
    return list_empty(&c->rx) ? NULL
                              : container_of(c->rx.prev, struct rx_buf, node);
}

static void push(struct conn *c, struct rx_buf *b)
{
    list_push_back(&c->rx, &b->node);
    c->rx_bytes += b->len;
    c->rcv_nxt += b->len;
}

static bool merge(struct conn *c, const struct segment *seg)
{
    struct rx_buf *b = newest(c);

    if (!b || b->room < seg->len)
        return false;
    copy_out((uint8_t *)(uintptr_t)b->data + b->len, seg, 0, seg->len);
    b->len += seg->len;
    b->room -= seg->len;
    c->rx_bytes += seg->len;
    c->rcv_nxt += seg->len;
    return true;
}

/* The second part's memory itself behind a copy of the first part. */
static bool take(struct conn *c, struct segment *seg)
{
    struct segment head = *seg;
    struct rx_buf *b = NULL, *tail;

    if (!seg->take || seg->part_len[1] < TAKE_MIN)
        return false;
    head.len = head.part_len[0];
    if (head.len) {
        b = rx_buf_new(c, &head, 0, 0);
        if (!b)
            return false;
    }
    tail = seg->take(seg);
    if (!tail) {
        if (b)
            rx_buf_free(b);
        return false;
    }
    if (b)
        push(c, b);
    tail->seq = seg->seq + head.len;
    tcp_memory_add(tail->cost);
    push(c, tail);
    return true;
}

static bool append(struct conn *c, struct segment *seg)
{
    uint32_t room =
        seg->len <= MERGE_MAX && !list_empty(&c->rx) ? MERGE_ROOM : 0;
    struct rx_buf *b;

    if (seg->len <= MERGE_MAX && merge(c, seg))
        return true;
    if (take(c, seg))
        return true;
    b = rx_buf_new(c, seg, 0, room);
    if (b)
        push(c, b);
    return b != NULL;
}

/* Takes n bytes off the front of the payload. */
static void cut_front(struct segment *seg, uint32_t n)
{
    seg->seq += n;
    seg->len -= n;
    for (unsigned i = 0; i < 2; i++) {
        uint32_t part = min_u32(n, seg->part_len[i]);

        seg->part[i] += part;
        seg->part_len[i] -= part;
        n -= part;
    }
}

static void cut_back(struct segment *seg, uint32_t len)
{
    seg->len = len;
    seg->part_len[0] = min_u32(seg->part_len[0], len);
    seg->part_len[1] = len - seg->part_len[0];
}

static void report_duplicate(struct conn *c, uint32_t start, uint32_t end)
{
    c->dsack = (struct seq_range){start, end};
    c->has_dsack = c->sack_ok;
}

bool rx_add(struct conn *c, struct segment *seg)
{
    bool filled;

    if (seq_lt(seg->seq, c->rcv_nxt)) {
        uint32_t old = min_u32(c->rcv_nxt - seg->seq, seg->len);

        report_duplicate(c, seg->seq, seg->seq + old);
        cut_front(seg, old);
        if (!seg->len)
            return true;
    }
    if (seq_lt(c->rcv_adv, seg->seq + seg->len)) {
        cut_back(seg, seq_lt(seg->seq, c->rcv_adv) ? c->rcv_adv - seg->seq : 0);
        seg->flags &= (uint8_t)~TCP_FIN;
        if (!seg->len)
            return true;
    }
    if (seg->seq != c->rcv_nxt)
        return ooo_add(c, seg), true;
    if (!append(c, seg)) {
        seg->flags &= (uint8_t)~TCP_FIN;
        return false;
    }
    filled = !list_empty(&c->rx_ooo);
    if (filled)
        ooo_drain(c);
    return filled;
}

size_t rx_peek(struct conn *c, size_t off, const void **ptr)
{
    off += c->rx_off;
    list_for_each(pos, &c->rx)
    {
        struct rx_buf *b = container_of(pos, struct rx_buf, node);

        if (off < b->len) {
            *ptr = b->data + off;
            return b->len - off;
        }
        off -= b->len;
    }
    return 0;
}

void rx_consume(struct conn *c, size_t len)
{
    struct rx_buf *b;

    c->rx_bytes -= (uint32_t)len;
    while (len && (b = list_first(&c->rx, struct rx_buf, node))) {
        size_t n = b->len - c->rx_off;

        if (len < n) {
            c->rx_off += (uint32_t)len;
            return;
        }
        len -= n;
        c->rx_off = 0;
        list_remove(&b->node);
        rx_buf_free(b);
    }
}

void rx_free(struct conn *c)
{
    rx_consume(c, c->rx_bytes);
}
