/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mprotect(2).
 */
#include <asm/errno.h>
#include <linux/mman.h>

#include "kernel/core/cpu.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/space.h"
#include "kernel/mm/vma.h"

static int check(const struct vma *v, uint64_t len_bytes, int prot)
{
    bool becomes_writable = (prot & PROT_WRITE) && !(v->prot & PROT_WRITE);
    int err;

    if ((prot & PROT_WRITE) && v->deny_write)
        return -EACCES;
    err = space_check_exec(v->backing, prot, !v->touched);
    if (!err && becomes_writable)
        err = space_check_limits(v->filled > v->start ? 0 : len_bytes, prot,
                                 v->flags);
    return err;
}

/* The platform's part for the pages that it has mapped. */
static int64_t protect_filled(const struct vma *v, int prot)
{
    struct backing *b = v->backing;
    uint64_t len = v->filled - v->start;
    bool turns_exec = (prot & PROT_EXEC) && !v->was_exec;

    if (len == 0)
        return 0;
    if (b && b->sealed && turns_exec && !v->touched)
        return b->ops->map(b, v->off, v->start, len, prot,
                           v->flags & MAP_SHARED);
    if (b && b->ops->protect) {
        struct backing_view view = space_view(v, v->start, v->filled);

        view.prot = prot;
        return b->ops->protect(b, &view);
    }
    return platform.ops.mem_protect(v->start, len, (uint32_t)prot);
}

/* v lies wholly in the range. */
static int change(struct vma *v, int prot)
{
    int err = (int)protect_filled(v, prot);

    if (err)
        return err;
    vma_set_prot(v, prot);
    v->touched |= (prot & PROT_WRITE) != 0;
    v->was_exec |= (prot & PROT_EXEC) != 0;
    return space_fill(v);
}

/* The part of the mapping at addr that ends at or before end. *next: where to
 * go on. */
static int protect_one(uint64_t addr, uint64_t end, int prot, uint64_t *next)
{
    struct vma *v = vma_find(addr);
    int err;

    if (!v || v->start > addr || v->hidden)
        return -ENOMEM;
    *next = v->end < end ? v->end : end;
    if (v->prot == prot)
        return 0;
    err = check(v, *next - addr, prot);
    if (!err)
        err = space_cut(addr, *next);
    if (err)
        return err;
    v = vma_find(addr);
    err = change(v, prot);
    if (!err)
        vma_merge(v);
    return err;
}

/* PROT_GROWSDOWN: from the start of a mapping that grows downwards. */
static int64_t grows_from(uint64_t addr)
{
    struct vma *v = vma_find(addr);

    if (!v || v->start > addr)
        return -ENOMEM;
    return v->flags & MAP_GROWSDOWN ? (int64_t)v->start : -EINVAL;
}

int64_t mm_protect(uint64_t addr, size_t len_bytes, int prot)
{
    const int known = PROT_MASK | PROT_SEM | PROT_GROWSDOWN;
    uint64_t end;
    int err = 0;

    if (addr % ABI_PAGE_SIZE || (prot & ~known))
        return -EINVAL;
    if (len_bytes == 0)
        return 0;
    if (!space_range(addr, len_bytes, &end))
        return -ENOMEM;
    if (prot & PROT_GROWSDOWN) {
        int64_t from = grows_from(addr);

        if (from < 0)
            return from;
        addr = (uint64_t)from;
    }
    while (addr < end && !err)
        err = protect_one(addr, end, prot & PROT_MASK, &addr);
    return err;
}
