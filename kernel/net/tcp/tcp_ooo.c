/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What has arrived ahead of a hole, in order and without overlaps, and the
 * SACK blocks that tell of it (RFC 2018): the newest first.
 */
#include "kernel/core/alloc.h"
#include "kernel/net/tcp/conn.h"
#include "lib/string.h"

enum { NR_MAX = 4096, OOO_ROOM = 1500 };

static struct rx_buf *buf_of(struct list *node)
{
    return container_of(node, struct rx_buf, node);
}

static void drop(struct conn *c, struct rx_buf *b)
{
    list_remove(&b->node);
    c->ooo_bytes -= b->len;
    c->nr_ooo--;
    rx_buf_free(b);
}

/* RFC 2018, 4: the block of the newest segment comes first. */
static void note_block(struct conn *c, struct seq_range r)
{
    unsigned n = 0;
    struct seq_range kept[SACK_MAX];

    for (unsigned i = 0; i < c->nr_sack; i++) {
        struct seq_range s = c->sack[i];

        if (seq_lt(s.end, r.start) || seq_lt(r.end, s.start)) {
            kept[n++] = s;
            continue;
        }
        if (seq_lt(s.start, r.start))
            r.start = s.start;
        r.end = seq_max(s.end, r.end);
    }
    c->sack[0] = r;
    c->nr_sack = 1;
    for (unsigned i = 0; i < n && c->nr_sack < SACK_MAX; i++)
        c->sack[c->nr_sack++] = kept[i];
}

static void forget_blocks(struct conn *c)
{
    unsigned n = 0;

    for (unsigned i = 0; i < c->nr_sack; i++)
        if (seq_lt(c->rcv_nxt, c->sack[i].start))
            c->sack[n++] = c->sack[i];
    c->nr_sack = n;
}

/* The last one that begins at or before seq, or the list's head. */
static struct list *place(struct conn *c, uint32_t seq)
{
    struct list *pos = c->rx_ooo.prev;

    while (pos != &c->rx_ooo && seq_lt(seq, buf_of(pos)->seq))
        pos = pos->prev;
    return pos;
}

/* Small ones are copied behind their predecessor, if they touch. */
static bool extend(struct conn *c, struct list *before,
                   const struct segment *seg, uint32_t skip)
{
    struct rx_buf *b = buf_of(before);
    uint32_t len = seg->len - skip;

    if (before == &c->rx_ooo || b->seq + b->len != seg->seq + skip ||
        b->room < len || skip > seg->part_len[0] ||
        len > seg->part_len[0] - skip)
        return false;
    memcpy((uint8_t *)(uintptr_t)b->data + b->len, seg->part[0] + skip, len);
    b->len += len;
    b->room -= len;
    c->ooo_bytes += len;
    return true;
}

/* Drops or shortens what b's end covers behind it. */
static void clear_behind(struct conn *c, struct rx_buf *b)
{
    uint32_t end = b->seq + b->len;

    while (b->node.next != &c->rx_ooo) {
        struct rx_buf *n = buf_of(b->node.next);
        uint32_t over;

        if (seq_leq(end, n->seq))
            return;
        if (seq_leq(n->seq + n->len, end)) {
            drop(c, n);
            continue;
        }
        over = end - n->seq;
        n->seq += over;
        n->data += over;
        n->len -= over;
        c->ooo_bytes -= over;
        return;
    }
}

bool ooo_add(struct conn *c, struct segment *seg)
{
    struct list *before = place(c, seg->seq);
    struct seq_range range = {seg->seq, seg->seq + seg->len};
    uint32_t skip = 0;
    struct rx_buf *b;

    if (tcp_memory_tight())
        return false;
    if (before != &c->rx_ooo) {
        uint32_t end = buf_of(before)->seq + buf_of(before)->len;

        if (seq_leq(range.end, end)) { /* nothing new: RFC 2883 */
            c->dsack = range;
            c->has_dsack = c->sack_ok;
            return true;
        }
        if (seq_lt(seg->seq, end))
            skip = end - seg->seq;
    }
    if (extend(c, before, seg, skip)) {
        b = buf_of(before);
    } else {
        if (c->nr_ooo >= NR_MAX)
            return false;
        b = rx_buf_new(c, seg, skip, seg->len - skip < OOO_ROOM ? OOO_ROOM : 0);
        if (!b)
            return false;
        list_insert_(&b->node, before, before->next);
        c->ooo_bytes += b->len;
        c->nr_ooo++;
    }
    clear_behind(c, b);
    note_block(c, range);
    return true;
}

bool ooo_drain(struct conn *c)
{
    bool any = false;
    struct rx_buf *b;

    while ((b = list_first(&c->rx_ooo, struct rx_buf, node)) &&
           seq_leq(b->seq, c->rcv_nxt)) {
        uint32_t old = c->rcv_nxt - b->seq;

        if (old >= b->len) {
            drop(c, b);
            continue;
        }
        list_remove(&b->node);
        c->ooo_bytes -= b->len;
        c->nr_ooo--;
        b->data += old;
        b->len -= old;
        b->seq += old;
        list_push_back(&c->rx, &b->node);
        c->rx_bytes += b->len;
        c->rcv_nxt += b->len;
        any = true;
    }
    forget_blocks(c);
    return any;
}

void ooo_free(struct conn *c)
{
    while (!list_empty(&c->rx_ooo))
        drop(c, buf_of(c->rx_ooo.next));
    c->nr_sack = 0;
    c->has_dsack = false;
}
