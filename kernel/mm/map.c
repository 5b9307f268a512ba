/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mmap(2) and munmap(2).
 */
#include <asm/errno.h>
#include <linux/mman.h>

#include "kernel/core/cpu.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/shm.h"
#include "kernel/mm/sidecar.h"
#include "kernel/mm/space.h"
#include "kernel/mm/vma.h"

enum {
    /* Larger data of a library is seldom all written, and copies are memory. */
    SOON_MAX = 512 << 10,
    FIXED = MAP_FIXED | MAP_FIXED_NOREPLACE,
    /* What of flags is kept with the mapping. */
    KEPT = MAP_SHARED | MAP_PRIVATE | MAP_GROWSDOWN | MAP_NORESERVE,
};

void mm_init(void)
{
    sidecar_init();
    sidecar_cpuid_init();
}

/* MAP_SHARED, MAP_PRIVATE and MAP_SHARED_VALIDATE are values, not bits. */
static int kept_flags(int flags)
{
    int kept = flags & KEPT & ~(MAP_SHARED | MAP_PRIVATE);

    return kept |
           ((flags & MAP_TYPE) == MAP_PRIVATE ? MAP_PRIVATE : MAP_SHARED);
}

static int check(uint64_t len, int prot, int flags, const struct backing *b,
                 uint64_t off)
{
    int err;

    if (off % ABI_PAGE_SIZE)
        return -EINVAL;
    if (off + len < off)
        return -EOVERFLOW;
    err = space_check_exec(b, prot, true);
    return err ? err : space_check_limits(len, prot, flags);
}

/* The address for a mapping at exactly addr, or -errno. */
static int64_t place_fixed(uint64_t addr, uint64_t len, int flags)
{
    if (addr % ABI_PAGE_SIZE)
        return -EINVAL;
    if (addr > ABI_USER_TOP || len > ABI_USER_TOP - addr)
        return -ENOMEM;
    if (addr < ABI_USER_MIN)
        return -EPERM;
    if ((flags & MAP_FIXED_NOREPLACE) && vma_overlap(addr, addr + len))
        return -EEXIST;
    return (int64_t)addr;
}

/* Room for trampolines behind text that a loader will map later. */
static void keep_tail(uint64_t start, uint64_t end, uint64_t tail)
{
    struct vma v = {.start = end,
                    .end = end + tail,
                    .filled = end,
                    .hidden = true,
                    .seg = VMA_NO_SEG,
                    .anchor = start};

    if (tail)
        vma_insert(&v); /* on failure: no fast system calls, no more */
}

static int64_t place(uint64_t addr, uint64_t len, int flags, struct backing *b,
                     uint64_t off, uint64_t *tail)
{
    int64_t at;

    if (flags & FIXED)
        return place_fixed(addr, len, flags);
    if (b && b->ops->tail)
        *tail = b->ops->tail(b, off, len);
    at = (int64_t)space_find(addr, len + *tail, flags);
    if (!at && *tail) {
        *tail = 0;
        at = (int64_t)space_find(addr, len, flags);
    }
    return at ? at : -ENOMEM;
}

/* Enters the mapping and has the platform show it, over what was there. */
static int64_t install(const struct vma *proto)
{
    bool covers = proto->prot != PROT_NONE && space_limit(proto) == proto->end;
    struct vma *v;
    int err;

    if (vma_room() < 3)
        return -ENOMEM;
    err = space_clear(proto->start, proto->end, !covers);
    if (err)
        return err;
    v = vma_insert(proto);
    err = v ? space_fill(v) : -ENOMEM;
    if (err) {
        platform.ops.mem_release(proto->start, proto->end - proto->start);
        space_clear(proto->start, proto->end, false);
        return err;
    }
    vma_merge(v);
    return (int64_t)proto->start;
}

/* Loaders tell by this flag, which else means nothing, that they map a part of
 * a library or program, and write to nearly all of its data at once: there it
 * has addresses, which they relocate. */
static bool is_written_soon(const struct vma *v, int flags)
{
    return (flags & MAP_DENYWRITE) && v->backing && v->backing->sealed &&
           (v->flags & MAP_PRIVATE) && (v->prot & PROT_WRITE) &&
           !(v->prot & PROT_EXEC) && v->end - v->start <= SOON_MAX;
}

static int64_t map(uint64_t addr, uint64_t len, int prot, int flags,
                   struct backing *b, uint64_t off)
{
    struct vma v = {.backing = b, .off = off};
    int64_t at;
    uint64_t tail = 0;

    at = check(len, prot, flags, b, off);
    if (!at)
        at = space_prepare(b, off, len);
    if (!at)
        at = place(addr, len, flags, b, off, &tail);
    if (at < 0)
        return at;
    v.start = v.filled = (uint64_t)at;
    v.end = v.start + len;
    v.prot = prot;
    v.flags = kept_flags(flags);
    v.touched = !b || (prot & PROT_WRITE);
    v.was_exec = prot & PROT_EXEC;
    v.deny_write = flags & MM_DENY_WRITE;
    v.soon = is_written_soon(&v, flags);
    if ((flags & FIXED) == MAP_FIXED)
        space_sync(v.start, v.end, false);
    keep_tail(v.start, v.end, tail);
    at = install(&v);
    if (at < 0)
        space_clear(v.start, v.end + tail, true);
    return at;
}

int64_t mm_map(uint64_t addr, size_t len_bytes, int prot, int flags,
               struct backing *b, uint64_t off)
{
    uint64_t len = page_up(len_bytes);
    bool shared_anon = !b && (flags & MAP_TYPE) != MAP_PRIVATE;
    int64_t at;

    if (len_bytes == 0)
        return -EINVAL;
    if (len < len_bytes || len > ABI_USER_TOP)
        return -ENOMEM;
    if (shared_anon) {
        b = shm_backing_new(len / ABI_PAGE_SIZE, "/dev/zero (deleted)");
        off = 0;
        if (!b)
            return -ENOMEM;
    }
    at = map(addr, len, prot & PROT_MASK, flags, b, off);
    if (shared_anon)
        backing_put(b);
    return at;
}

int64_t mm_unmap(uint64_t addr, size_t len_bytes)
{
    uint64_t end;

    if (!space_range(addr, len_bytes, &end))
        return -EINVAL;
    space_sync(addr, end, false);
    return space_clear(addr, end, true);
}

void mm_reset(void)
{
    struct vma *v;

    while ((v = vma_find(0))) {
        uint64_t start = v->start, end = v->end;

        while ((v = vma_next(v)) && v->start == end)
            end = v->end;
        space_sync(start, end, false);
        space_clear(start, end, true);
    }
}
