/* SPDX-License-Identifier: BSD-2-Clause */
/* The pieces of a pipe in packet mode: see pieces.h. */
#include "kernel/fs/pipe/pieces.h"

#include <linux/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/fs/pipe/ring.h"

enum { SLOTS = 2 * PIPE_MAX_PIECES }; /* a power of two, never full */

struct piece {
    uint32_t len : 31;
    uint32_t packet : 1;
};

struct pieces {
    uint32_t first, nr;
    struct piece slots[SLOTS];
};

int pieces_need(struct pipe *p)
{
    if (!p->pieces)
        p->pieces = kzalloc(sizeof(*p->pieces));
    return p->pieces ? 0 : -ENOMEM;
}

unsigned pieces_count(const struct pipe *p)
{
    return p->pieces ? p->pieces->nr : 0;
}

/* Of one or more. */
static struct piece *last(struct pieces *ps)
{
    return &ps->slots[(ps->first + ps->nr - 1) % SLOTS];
}

bool pieces_room(const struct pipe *p, bool packet)
{
    if (!p->pieces || p->pieces->nr < p->size / ABI_PAGE_SIZE)
        return true;
    return !packet && !last(p->pieces)->packet;
}

static void push(struct pieces *ps, uint32_t len, bool packet)
{
    ps->slots[(ps->first + ps->nr) % SLOTS] =
        (struct piece){.len = len & INT32_MAX, .packet = packet};
    ps->nr++;
}

void pieces_add(struct pipe *p, uint32_t len, bool packet)
{
    struct pieces *ps = p->pieces;

    if (!packet && !pieces_count(p))
        return;
    if (!ps->nr && p->used > len)
        push(ps, p->used - len, false);
    if (!packet && !last(ps)->packet)
        last(ps)->len += len;
    else
        push(ps, len, packet);
}

uint32_t pieces_first(const struct pipe *p, bool *packet)
{
    const struct pieces *ps = p->pieces;

    *packet = false;
    if (!pieces_count(p))
        return p->used;
    *packet = ps->slots[ps->first].packet;
    return ps->slots[ps->first].len;
}

void pieces_took(struct pipe *p, uint32_t len)
{
    struct pieces *ps = p->pieces;

    while (pieces_count(p) && len) {
        struct piece *front = &ps->slots[ps->first];
        uint32_t part = len < front->len ? len : front->len;

        front->len -= part;
        len -= part;
        if (front->len)
            break;
        ps->first = (ps->first + 1) % SLOTS;
        ps->nr--;
    }
}
