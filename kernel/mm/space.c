/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filling and clearing ranges of the address space: where the book (vma.c)
 * meets the platform. A range that was never accessible has no platform
 * mapping at all, which makes huge reservations free.
 */
#include "kernel/mm/space.h"

#include <asm/errno.h>
#include <linux/mman.h>

#include "kernel/core/cpu.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/sidecar.h"
#include "kernel/mm/vma.h"

bool space_range(uint64_t addr, size_t len_bytes, uint64_t *end)
{
    uint64_t len = page_up(len_bytes);

    if (addr % ABI_PAGE_SIZE || len == 0 || len < len_bytes)
        return false;
    if (addr > ABI_USER_TOP || len > ABI_USER_TOP - addr)
        return false;
    *end = addr + len;
    return true;
}

uint64_t space_limit(const struct vma *v)
{
    uint64_t size, there;

    if (!v->backing || !v->backing->ops->size)
        return v->end;
    size = page_up(v->backing->ops->size(v->backing));
    if (size <= v->off)
        return v->start;
    there = size - v->off;
    return there < v->end - v->start ? v->start + there : v->end;
}

struct backing_view space_view(const struct vma *v, uint64_t start,
                               uint64_t end)
{
    struct backing_view view = {.prot = v->prot,
                                .shared = v->flags & MAP_SHARED};

    start = start > v->start ? start : v->start;
    end = end < v->filled ? end : v->filled;
    view.addr = start;
    view.off = v->off + (start - v->start);
    view.len_bytes = end > start ? end - start : 0;
    return view;
}

int space_fill(struct vma *v)
{
    uint64_t from = v->filled, to = space_limit(v);
    int64_t err;

    if (v->prot == PROT_NONE || to <= from)
        return 0;
    if (v->backing)
        err = v->backing->ops->map(
            v->backing, v->off + (from - v->start), from, to - from,
            v->prot | (v->soon ? ABI_MAP_SOON : 0), v->flags & MAP_SHARED);
    else
        err = platform.ops.mem_commit(from, to - from, (uint32_t)v->prot);
    v->soon = false;
    if (!err)
        v->filled = to;
    return (int)err;
}

int space_prepare(struct backing *b, uint64_t off, uint64_t len)
{
    int err;

    if (!b || !b->ops->prepare)
        return 0;
    backing_get(b);
    err = b->ops->prepare(b, off, len);
    backing_put(b);
    return err;
}

int space_cut(uint64_t start, uint64_t end)
{
    uint64_t at[2] = {start, end};

    for (int i = 0; i < 2; i++) {
        struct vma *v = vma_find(at[i]);

        if (v && v->start < at[i] && !vma_split(v, at[i]))
            return -ENOMEM;
    }
    return 0;
}

/* Text whose trampolines at [start, ...) were lost to a mapping of the
 * program gets its original bytes back, if it is still there untouched. */
static void unpatch(const struct vma *tramp)
{
    struct vma *text = vma_find(tramp->anchor);

    if (!text || text->start > tramp->anchor || text->touched ||
        !text->backing || !text->backing->sealed || !(text->prot & PROT_EXEC))
        return;
    sidecar_unpatch(tramp->seg, tramp->anchor, text->end - tramp->anchor,
                    text->prot);
}

/* Hidden ranges right behind `end` whose text was in [start, end). */
static void drop_orphans(uint64_t start, uint64_t end)
{
    struct vma *v;

    while ((v = vma_find(end)) && v->hidden && v->anchor >= start &&
           v->anchor < end) {
        if (v->filled > v->start)
            platform.ops.mem_release(v->start, v->end - v->start);
        vma_erase(v);
    }
}

/* Removes v, which lies inside [start, end) that is being cleared. */
static void remove(struct vma *v, uint64_t start, uint64_t end)
{
    struct vma copy = *v;

    vma_erase(v);
    if (copy.hidden && copy.seg != VMA_NO_SEG &&
        !(copy.anchor >= start && copy.anchor < end))
        unpatch(&copy);
}

int space_clear(uint64_t start, uint64_t end, bool release)
{
    struct vma *v = vma_overlap(start, end);
    bool filled = false;

    if (!v)
        return 0;
    if (space_cut(start, end))
        return -ENOMEM;
    for (v = vma_find(start); v && v->start < end; v = vma_next(v))
        filled |= v->filled > v->start;
    if (release && filled)
        platform.ops.mem_release(start, end - start);
    while ((v = vma_overlap(start, end)))
        remove(v, start, end);
    drop_orphans(start, end);
    return 0;
}

int space_sync(uint64_t start, uint64_t end, bool lasting)
{
    struct vma *v;
    int first_err = 0;

    /* Looked up anew each time: sync may block, and the book may change. */
    while ((v = vma_overlap(start, end))) {
        uint64_t from = v->start > start ? v->start : start;
        uint64_t to = v->filled < end ? v->filled : end;
        struct backing *b = v->backing;
        uint64_t off = v->off + (from - v->start);
        bool shared = v->flags & MAP_SHARED;
        int err;

        start = v->end;
        if (!b || !b->ops->sync || !shared || !v->touched || from >= to)
            continue;
        backing_get(b);
        err = b->ops->sync(b, off, from, to - from, lasting);
        first_err = first_err ? first_err : err;
        backing_put(b);
    }
    return first_err;
}
