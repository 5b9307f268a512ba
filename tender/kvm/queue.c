/* SPDX-License-Identifier: BSD-2-Clause */
/* See queue.h. Accesses to the guest's memory are single loads and stores. */
#include "tender/kvm/queue.h"

#include <string.h>

enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4, DESC_BYTES = 16 };
enum { NO_INTERRUPT = 1, NO_NOTIFY = 1, USED_ELEM = 8 };

struct desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
};

static uint16_t load16(const void *at)
{
    return __atomic_load_n((const uint16_t *)at, __ATOMIC_ACQUIRE);
}

static void store16(void *at, uint16_t value)
{
    __atomic_store_n((uint16_t *)at, value, __ATOMIC_RELEASE);
}

bool queue_enable(struct queue *q)
{
    uint32_t n = q->num;

    q->ready = false;
    q->broken = true;
    if (!n || n > QUEUE_MAX || n & (n - 1) || q->desc_gpa % 16 ||
        q->avail_gpa % 2 || q->used_gpa % 4)
        return false;
    q->desc = gmem_ptr(q->mem, q->desc_gpa, (uint64_t)DESC_BYTES * n);
    q->avail = gmem_ptr(q->mem, q->avail_gpa, 6 + 2 * (uint64_t)n);
    q->used = gmem_ptr(q->mem, q->used_gpa, 6 + USED_ELEM * (uint64_t)n);
    if (!q->desc || !q->avail || !q->used)
        return false;
    q->next_avail = q->next_used = q->shown_used = 0;
    q->broken = false;
    q->ready = true;
    return true;
}

static struct desc read_desc(const struct queue *q, uint16_t id)
{
    const volatile uint64_t *at =
        (const volatile uint64_t *)(q->desc + (size_t)id * DESC_BYTES);
    uint64_t words[2] = {at[0], at[1]};
    struct desc desc;

    memcpy(&desc, words, sizeof(desc));
    return desc;
}

/* False: the descriptor breaks a rule. */
static bool add(const struct queue *q, struct chain *c, const struct desc *d)
{
    void *host = gmem_ptr(q->mem, d->addr, d->len);
    bool in = d->flags & DESC_WRITE;
    uint64_t *bytes = in ? &c->in_bytes : &c->out_bytes;
    struct iovec *iov;

    if (!host || !d->len || d->flags & DESC_INDIRECT ||
        c->nr_out + c->nr_in == CHAIN_MAX || (!in && c->nr_in))
        return false;
    *bytes += d->len;
    iov = in ? &c->in[c->nr_in++] : &c->out[c->nr_out++];
    *iov = (struct iovec){host, d->len};
    return *bytes <= CHAIN_MAX_BYTES;
}

/* At most CHAIN_MAX steps: add() refuses more, so a loop ends there. */
static bool follow(const struct queue *q, struct chain *c)
{
    uint16_t id = c->head;

    for (;;) {
        struct desc d;

        if (id >= q->num)
            return false;
        d = read_desc(q, id);
        if (!add(q, c, &d))
            return false;
        if (!(d.flags & DESC_NEXT))
            return true;
        id = d.next;
    }
}

bool queue_empty(const struct queue *q)
{
    return !q->ready || q->broken || load16(q->avail + 2) == q->next_avail;
}

int queue_take(struct queue *q, struct chain *chain)
{
    uint16_t avail;

    if (!q->ready || q->broken)
        return q->broken ? -1 : 0;
    avail = load16(q->avail + 2);
    if (avail == q->next_avail)
        return 0;
    chain->nr_out = chain->nr_in = 0;
    chain->out_bytes = chain->in_bytes = 0;
    chain->head = load16(q->avail + 4 + 2 * (q->next_avail % q->num));
    if ((uint16_t)(avail - q->next_avail) > q->num || !follow(q, chain)) {
        q->broken = true;
        return -1;
    }
    q->next_avail++;
    return 1;
}

void queue_untake(struct queue *q, uint16_t nr)
{
    q->next_avail = (uint16_t)(q->next_avail - nr);
}

void queue_use(struct queue *q, uint16_t head, uint32_t len_bytes)
{
    uint8_t *elem = q->used + 4 + USED_ELEM * (q->next_used % q->num);
    uint32_t words[2] = {head, len_bytes};

    memcpy(elem, words, sizeof(words));
    q->next_used++;
}

bool queue_show(struct queue *q)
{
    uint16_t old = q->shown_used, now = q->next_used, event;

    if (old == now)
        return false;
    store16(q->used + 2, now);
    q->shown_used = now;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!q->event_idx)
        return !(load16(q->avail) & NO_INTERRUPT);
    event = load16(q->avail + 4 + 2 * q->num);
    return (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

void queue_notify(struct queue *q, bool wanted)
{
    if (!q->ready || q->broken)
        return;
    if (!q->event_idx)
        store16(q->used, wanted ? 0 : NO_NOTIFY);
    else if (wanted) /* of the next buffer, even if there are untaken ones */
        store16(q->used + 4 + USED_ELEM * q->num, load16(q->avail + 2));
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
