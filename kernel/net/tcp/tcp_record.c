/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records of what is in flight: one for each packet sent (of up to 64 KiB),
 * split where acknowledgements or retransmissions need it.
 */
#include "kernel/core/alloc.h"
#include "kernel/net/tcp/bbr.h"

enum { NR_MAX = 8192, SPARE_MAX = 256 };

/* Kept for the next ones: they come and go with each packet. */
static struct list spare = LIST_INIT(spare);
static unsigned nr_spare;

static struct tx_record *alloc(struct conn *c)
{
    struct list *node = list_pop_front(&spare);

    if (node) {
        nr_spare--;
        c->nr_records++;
        return container_of(node, struct tx_record, node);
    }
    if (c->nr_records >= NR_MAX)
        return NULL;
    node = kmalloc(sizeof(struct tx_record));
    c->nr_records += node != NULL;
    return node ? container_of(node, struct tx_record, node) : NULL;
}

struct tx_record *record_add(struct conn *c, uint32_t seq, uint32_t end,
                             uint64_t now)
{
    struct tx_record *r = alloc(c);

    if (!r)
        return NULL;
    *r = (struct tx_record){.seq = seq, .end = end, .sent_ns = now};
    rate_sent(c, r, now);
    list_push_back(&c->records, &r->node);
    return r;
}

struct tx_record *record_split(struct conn *c, struct tx_record *r,
                               uint32_t seq)
{
    struct tx_record *rest = alloc(c);

    if (!rest)
        return NULL;
    *rest = *r;
    rest->seq = r->end = seq;
    list_insert_(&rest->node, &r->node, r->node.next);
    return rest;
}

void record_clear(struct conn *c, struct tx_record *r)
{
    uint32_t len = r->end - r->seq;

    if (r->sacked)
        c->sacked_bytes -= len;
    if (r->lost)
        c->lost_bytes -= len;
    if (r->resent)
        c->resent_bytes -= len;
    r->sacked = r->lost = r->resent = false;
}

void record_mark_sacked(struct conn *c, struct tx_record *r)
{
    record_clear(c, r);
    r->sacked = true;
    c->sacked_bytes += r->end - r->seq;
}

void record_mark_lost(struct conn *c, struct tx_record *r)
{
    record_clear(c, r);
    r->lost = true;
    c->lost_bytes += r->end - r->seq;
    c->lost_ever += r->end - r->seq;
}

void record_mark_resent(struct conn *c, struct tx_record *r, uint64_t now)
{
    if (!r->resent)
        c->resent_bytes += r->end - r->seq;
    rate_sent(c, r, now);
    r->resent = r->ever_resent = true;
    r->sent_ns = now;
}

void record_free(struct conn *c, struct tx_record *r)
{
    record_clear(c, r);
    list_remove(&r->node);
    c->nr_records--;
    if (nr_spare >= SPARE_MAX) {
        kfree(r);
        return;
    }
    list_push_back(&spare, &r->node);
    nr_spare++;
}

void records_free(struct conn *c)
{
    struct tx_record *r;

    while ((r = list_first(&c->records, struct tx_record, node)))
        record_free(c, r);
    c->sacked_bytes = 0; /* without SACK it is an estimate */
}
