/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The send buffer. Data stays in the chunk where the writer put it, or where
 * it was lent from: packets refer to it, and acknowledgements free it.
 */
#include "kernel/core/alloc.h"
#include "kernel/net/tcp/conn.h"

enum {
    CHUNK_MAX = 65536 - 64,
    CHUNK_LARGE = 16 << 10, /* who writes so much writes more */
    CHUNK_SMALL = 1024 - 64,
    REUSE_MIN = 256,
    SNDBUF_MAX = 4 << 20,
    UNSENT_MAX = 256 << 10,
    SPARE_MAX = 16,
};

struct tx_chunk {
    struct list node;
    const uint8_t *bytes; /* data[], or on loan */
    struct loan *loan;
    uint32_t size, fill;
    uint32_t seq;  /* of bytes[0] */
    uint32_t cost; /* memory it holds */
    uint8_t data[];
};

/* Chunks of CHUNK_MAX, the last freed one first: it is still in the processor's
 * cache, while memory from the heap would be another one each time. */
static struct list spare = LIST_INIT(spare);
static unsigned nr_spare;

static struct tx_chunk *memory(size_t size)
{
    struct list *node = size == CHUNK_MAX ? list_pop_front(&spare) : NULL;

    if (!node)
        return kmalloc(sizeof(struct tx_chunk) + size);
    nr_spare--;
    return container_of(node, struct tx_chunk, node);
}

static void discard(struct tx_chunk *k)
{
    if (k->loan)
        loan_put(k->loan);
    if (k->loan || k->size != CHUNK_MAX || nr_spare >= SPARE_MAX) {
        kfree(k);
        return;
    }
    list_push_front(&spare, &k->node);
    nr_spare++;
}

/* Freed by their connection while a device may still read from them. */
static struct list zombies = LIST_INIT(zombies);

void tx_free_zombies(void)
{
    struct list *node;

    if (list_empty(&zombies) || !ip_idle())
        return;
    while ((node = list_pop_front(&zombies)))
        discard(container_of(node, struct tx_chunk, node));
}

static struct tx_chunk *first(const struct conn *c)
{
    return list_first(&c->chunks, struct tx_chunk, node);
}

static struct tx_chunk *last(const struct conn *c)
{
    return list_empty(&c->chunks)
               ? NULL
               : container_of(c->chunks.prev, struct tx_chunk, node);
}

static struct tx_chunk *next(const struct conn *c, const struct tx_chunk *k)
{
    return k->node.next == &c->chunks
               ? NULL
               : container_of(k->node.next, struct tx_chunk, node);
}

static void chunk_free(struct conn *c, struct tx_chunk *k)
{
    if (c->cursor == k)
        c->cursor = next(c, k);
    list_remove(&k->node);
    tcp_memory_sub(k->cost);
    if (ip_idle())
        discard(k);
    else
        list_push_back(&zombies, &k->node);
}

/* With room for so much data of its own; NULL: no memory. */
static struct tx_chunk *append(struct conn *c, size_t size)
{
    struct tx_chunk *k = memory(size);

    if (!k)
        return NULL;
    *k = (struct tx_chunk){
        .bytes = k->data,
        .size = (uint32_t)size,
        .seq = c->write_seq,
        .cost = (uint32_t)(sizeof(*k) + size),
    };
    list_push_back(&c->chunks, &k->node);
    return k;
}

static struct tx_chunk *chunk_new(struct conn *c, size_t want)
{
    size_t size = want < CHUNK_SMALL ? CHUNK_SMALL : want;
    struct tx_chunk *k = append(c, size < CHUNK_LARGE ? size : CHUNK_MAX);

    if (k)
        tcp_memory_add(k->cost);
    return k;
}

/* What is in flight, and enough besides to keep the path full until the writer
 * runs again: more would only leave the processor's cache before it is sent.
 * SO_SNDBUF may say otherwise. */
static uint32_t limit(const struct conn *c)
{
    uint32_t bytes = c->sndbuf, flight = c->snd_nxt - c->snd_una;

    if (!c->sndbuf_fixed)
        bytes = max_u32(bytes, min_u32(flight + UNSENT_MAX, SNDBUF_MAX));
    return tcp_memory_tight() ? min_u32(bytes, CHUNK_MAX) : bytes;
}

static uint32_t room(const struct conn *c)
{
    uint32_t most = limit(c), used = tx_pending(c);

    return used < most ? most - used : 0;
}

bool tx_writable(const struct conn *c)
{
    uint32_t most = limit(c), used = tx_pending(c);

    return used < most / 3 * 2 || used + UNSENT_MAX / 2 <= most;
}

void tx_tell(struct conn *c)
{
    bool full = !tx_writable(c);

    if (c->full && !full)
        conn_event(c, NET_WRITABLE);
    c->full = full;
}

/* Is there room in the last chunk for all, or for enough? */
static bool has_part_left(const struct conn *c, size_t want)
{
    size_t left = list_empty(&c->chunks) ? 0 : last(c)->size - last(c)->fill;

    return !list_empty(&c->chunks) && (left >= want || left >= REUSE_MIN);
}

void *tx_reserve(struct conn *c, size_t want, size_t *got)
{
    struct tx_chunk *k;
    uint32_t max = room(c);

    if (!max)
        return NULL;
    if (want > max)
        want = max;
    k = has_part_left(c, want) ? last(c) : chunk_new(c, want);
    if (!k)
        return NULL;
    c->reserved = true;
    *got = k->size - k->fill < want ? k->size - k->fill : want;
    return k->data + k->fill;
}

size_t tx_lend(struct conn *c, const void *mem, size_t len, struct loan *loan)
{
    uint32_t max = room(c);
    struct tx_chunk *k = max ? append(c, 0) : NULL;

    if (!k)
        return 0;
    if (len > max)
        len = max;
    loan_get(loan);
    k->loan = loan;
    k->bytes = mem;
    k->size = k->fill = (uint32_t)len;
    if (loan->end) /* memory that would be freed otherwise */
        k->cost += k->fill;
    tcp_memory_add(k->cost);
    c->write_seq += k->fill;
    return len;
}

void tx_commit(struct conn *c, size_t len)
{
    struct tx_chunk *k = last(c);

    c->reserved = false;
    if (!k)
        return;
    k->fill += (uint32_t)len;
    c->write_seq += (uint32_t)len;
    if (!k->fill)
        chunk_free(c, k);
}

static struct tx_chunk *find(struct conn *c, uint32_t seq)
{
    struct tx_chunk *k = c->cursor;

    if (!k || seq_lt(seq, k->seq))
        k = first(c);
    while (k && seq_leq(k->seq + k->fill, seq))
        k = next(c, k);
    return k;
}

uint32_t tx_gather(struct conn *c, uint32_t seq, uint32_t len,
                   struct abi_iov *iov, unsigned *nr)
{
    struct tx_chunk *k = find(c, seq);
    uint32_t done = 0;
    unsigned n = 0;

    for (; k && done < len && n < *nr; k = next(c, k)) {
        uint32_t off = seq + done - k->seq;
        uint32_t part = min_u32(k->fill - off, len - done);

        iov[n++] = (struct abi_iov){(uintptr_t)(k->bytes + off), part};
        done += part;
        if (seq_leq(c->snd_nxt, seq)) /* new data: it goes on from here */
            c->cursor = k;
    }
    *nr = n;
    return done;
}

uint32_t tx_fit(struct conn *c, uint32_t seq, uint32_t len, uint32_t mss)
{
    struct tx_chunk *k = find(c, seq);
    uint32_t done = 0;

    for (unsigned n = 0; k && n < IP_PIECES; n++, k = next(c, k)) {
        done = k->seq + k->fill - seq;
        if (done >= len)
            return len;
    }
    if (!k) /* FIN counts, but has no byte */
        return len;
    return done > mss ? done - done % mss : done;
}

void tx_release(struct conn *c)
{
    struct tx_chunk *k;

    while ((k = first(c)) && seq_leq(k->seq + k->fill, c->snd_una)) {
        bool newest = k == last(c);

        if (newest && (c->reserved || seq_lt(c->snd_una, c->write_seq)))
            break;
        chunk_free(c, k);
    }
}

void tx_free(struct conn *c)
{
    while (!list_empty(&c->chunks))
        chunk_free(c, first(c));
    c->reserved = false;
    c->write_seq = c->snd_nxt = c->snd_una;
}
