/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * References to what is mapped, truncation, and the object behind shared
 * anonymous mappings.
 */
#include <linux/mman.h>

#include "kernel/core/alloc.h"
#include "kernel/core/cpu.h"
#include "kernel/core/log.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/shm.h"
#include "kernel/mm/space.h"
#include "kernel/mm/vma.h"
#include "lib/list.h"
#include "lib/string.h"

void backing_get(struct backing *b)
{
    b->refs++;
}

void backing_put(struct backing *b)
{
    assert(b->refs > 0);
    if (--b->refs == 0 && b->ops->release)
        b->ops->release(b);
}

void mm_truncated(struct backing *b)
{
    if (b->nr_vmas == 0)
        return;
    for (struct vma *v = vma_find(0); v; v = vma_next(v)) {
        uint64_t limit;

        if (v->backing != b)
            continue;
        limit = space_limit(v);
        if (limit >= v->filled)
            continue;
        platform.ops.mem_release(limit, v->filled - limit);
        v->filled = limit;
    }
}

/* Where v shows the object's byte, or its start or end. */
static uint64_t addr_of(const struct vma *v, uint64_t off)
{
    if (off <= v->off)
        return v->start;
    return off - v->off < v->end - v->start ? v->start + (off - v->off)
                                            : v->end;
}

int mm_protect_backing(struct backing *b, uint64_t off, size_t len_bytes)
{
    int first_err = 0;

    if (b->nr_vmas == 0)
        return 0;
    for (struct vma *v = vma_find(0); v; v = vma_next(v)) {
        struct backing_view view;
        int err = 0;

        if (v->backing != b || !v->touched || !(v->flags & MAP_SHARED))
            continue;
        view = space_view(v, addr_of(v, off), addr_of(v, off + len_bytes));
        if (view.len_bytes)
            err = b->ops->protect(b, &view);
        first_err = first_err ? first_err : err;
    }
    return first_err;
}

struct shm_object {
    struct backing backing;
    uint64_t off;
    size_t nr_pages;
    const char *name;
};

static struct shm_object *to_object(struct backing *b)
{
    return container_of(b, struct shm_object, backing);
}

static int object_map(struct backing *b, uint64_t off, uint64_t addr,
                      size_t len_bytes, int prot, bool shared)
{
    return (int)platform.ops.shm_map(addr, len_bytes, (uint32_t)prot,
                                     to_object(b)->off + off, !shared);
}

static void object_release(struct backing *b)
{
    struct shm_object *o = to_object(b);

    shm_free(o->off, o->nr_pages);
    kfree(o);
}

static int object_punch(struct backing *b, uint64_t off, size_t len_bytes)
{
    shm_zero(to_object(b)->off + off, len_bytes / ABI_PAGE_SIZE);
    return 0;
}

static uint64_t object_size(struct backing *b)
{
    return to_object(b)->nr_pages * ABI_PAGE_SIZE;
}

static int object_describe(struct backing *b, char *buf, size_t size_bytes,
                           uint64_t *ino)
{
    strlcpy(buf, to_object(b)->name, size_bytes);
    *ino = to_object(b)->off / ABI_PAGE_SIZE + 1;
    return 0;
}

static const struct backing_ops object_ops = {
    .map = object_map,
    .release = object_release,
    .size = object_size,
    .describe = object_describe,
    .punch = object_punch,
};

struct backing *shm_backing_new(size_t nr_pages, const char *name)
{
    struct shm_object *o = kmalloc(sizeof(*o));
    int64_t off = o ? shm_alloc(nr_pages) : -1;

    if (off < 0) {
        kfree(o);
        return NULL;
    }
    *o = (struct shm_object){.backing = {.ops = &object_ops, .refs = 1},
                             .off = (uint64_t)off,
                             .nr_pages = nr_pages,
                             .name = name};
    return &o->backing;
}
