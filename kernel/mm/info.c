/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What /proc says about the address space.
 */
#include <linux/mman.h>

#include "kernel/mm/mm.h"
#include "kernel/mm/space.h"
#include "kernel/mm/vma.h"
#include "lib/string.h"

void mm_name(uint64_t addr, const char *name)
{
    struct vma *v = vma_find(addr);

    if (v && v->start <= addr)
        vma_set_name(v, name);
}

static struct vma *visible(struct vma *v)
{
    while (v && v->hidden)
        v = vma_next(v);
    return v;
}

bool mm_next(uint64_t addr, struct mm_info *out)
{
    struct vma *v = visible(vma_find(addr));

    if (!v)
        return false;
    *out = (struct mm_info){.start = v->start,
                            .end = v->end,
                            .off = v->backing ? v->off : 0,
                            .prot = v->prot,
                            .flags = v->flags,
                            .filled = v->filled,
                            .touched = v->touched,
                            .no_dump = v->no_dump};
    if (v->name)
        strlcpy(out->name, v->name, sizeof(out->name));
    else if (v->backing && v->backing->ops->describe)
        v->backing->ops->describe(v->backing, out->name, sizeof(out->name),
                                  &out->ino);
    return true;
}

static uint64_t vdso_start, vdso_end;

void mm_set_vdso(uint64_t start, size_t len_bytes)
{
    vdso_start = start;
    vdso_end = (start + len_bytes + ABI_PAGE_SIZE - 1) & -ABI_PAGE_SIZE;
}

bool mm_vdso(struct mm_info *out)
{
    *out = (struct mm_info){.start = vdso_start,
                            .end = vdso_end,
                            .prot = PROT_READ | PROT_EXEC,
                            .flags = MAP_PRIVATE,
                            .name = "[vdso]"};
    return vdso_end != 0;
}

struct backing *mm_backing_at(uint64_t addr, uint64_t *off)
{
    struct vma *v = vma_find(addr);

    if (!v || v->start > addr || !v->backing)
        return NULL;
    *off = v->off + (addr - v->start);
    return v->backing;
}

const struct backing *mm_shared_at(uint64_t addr, uint64_t *off)
{
    const struct vma *v = vma_find(addr);

    if (!v || v->start > addr || !(v->flags & MAP_SHARED))
        return NULL;
    *off = v->off + (addr - v->start);
    return v->backing;
}
