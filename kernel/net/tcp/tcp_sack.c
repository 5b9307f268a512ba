/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What selective acknowledgements say of our data (RFC 2018, RFC 2883); and
 * the estimate that duplicates give without them (RFC 6582).
 */
#include "kernel/net/tcp/conn.h"

/* Neighbours with the same fate become one. */
static void join_previous(struct conn *c, struct tx_record *r)
{
    struct tx_record *p;

    if (r->node.prev == &c->records)
        return;
    p = container_of(r->node.prev, struct tx_record, node);
    if (!p->sacked || !r->sacked)
        return;
    p->end = r->end;
    p->ever_resent |= r->ever_resent;
    c->sacked_bytes += r->end - r->seq; /* record_free() takes it off */
    record_free(c, r);
}

static void mark(struct conn *c, struct tx_record *r, struct delivery *d,
                 const struct segment *seg, uint64_t now)
{
    d->sacked += r->end - r->seq;
    rack_delivered(c, r, d, now, seg->opt.has_ts ? seg->opt.ts_ecr : 0);
    record_mark_sacked(c, r);
}

static void apply_block(struct conn *c, struct seq_range b,
                        const struct segment *seg, struct delivery *d,
                        uint64_t now)
{
    list_for_each_safe(pos, &c->records)
    {
        struct tx_record *r = container_of(pos, struct tx_record, node);

        if (seq_leq(b.end, r->seq))
            return;
        if (seq_leq(r->end, b.start) || r->sacked)
            continue;
        if (seq_lt(r->seq, b.start)) {
            r = record_split(c, r, b.start);
            if (!r)
                return;
        }
        if (seq_lt(b.end, r->end) && !record_split(c, r, b.end))
            return;
        mark(c, r, d, seg, now);
        join_previous(c, r); /* may free r: pos_next is behind it */
    }
}

/* The first block may tell of a duplicate: below the acknowledgement, or
 * inside the second block (RFC 2883, 4). */
static bool is_dsack(const struct segment *seg)
{
    const struct seq_range *s = seg->opt.sack;

    if (seq_lt(s[0].start, seg->ack))
        return true;
    return seg->opt.nr_sack > 1 && seq_leq(s[1].start, s[0].start) &&
           seq_leq(s[0].end, s[1].end);
}

static bool valid(const struct conn *c, const struct seq_range *b)
{
    return seq_lt(b->start, b->end) && seq_lt(c->snd_una, b->end) &&
           seq_leq(c->snd_una, b->start) && seq_leq(b->end, c->snd_nxt);
}

void sack_apply(struct conn *c, const struct segment *seg, struct delivery *d,
                uint64_t now)
{
    if (!seg->opt.nr_sack)
        return;
    if (is_dsack(seg)) {
        d->dsack = true;
        rack_dsack(c);
    }
    for (unsigned i = 0; i < seg->opt.nr_sack; i++)
        if (valid(c, &seg->opt.sack[i]))
            apply_block(c, seg->opt.sack[i], seg, d, now);
}

/* A duplicate: no data, no news, something in flight (RFC 5681, 2). */
static bool is_duplicate(const struct conn *c, const struct segment *seg,
                         const struct delivery *d)
{
    return !d->acked && !seg->len && !(seg->flags & (TCP_SYN | TCP_FIN)) &&
           c->snd_nxt != c->snd_una &&
           (uint32_t)seg->window << c->snd_scale == c->snd_wnd;
}

void reno_sack(struct conn *c, const struct segment *seg, struct delivery *d)
{
    uint32_t most = c->snd_nxt - c->snd_una;

    if (d->acked)
        c->dupacks = 0;
    else if (is_duplicate(c, seg, d)) {
        c->dupacks++;
        d->sacked = c->mss;
    }
    most -= min_u32(most, max_u32(c->lost_bytes, c->mss));
    c->sacked_bytes = min_u32(c->dupacks * c->mss, most);
}
