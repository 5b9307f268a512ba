/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * brk(2): the heap right behind the program.
 */
#include <linux/mman.h>

#include "kernel/mm/mm.h"
#include "kernel/mm/space.h"
#include "kernel/mm/vma.h"

static uint64_t brk_start, brk_now;

void mm_set_brk(uint64_t start)
{
    brk_start = brk_now = start;
}

static int grow(uint64_t from, uint64_t to)
{
    struct vma proto = {.start = from,
                        .end = to,
                        .filled = from,
                        .name = "[heap]",
                        .prot = PROT_READ | PROT_WRITE,
                        .flags = MAP_PRIVATE,
                        .touched = true};
    struct vma *v;
    int err = space_check_limits(to - from, proto.prot, proto.flags);

    /* One page stays free, so that the heap never runs into a neighbour. */
    if (err || vma_overlap(from, to + ABI_PAGE_SIZE))
        return -1;
    v = vma_insert(&proto);
    if (!v)
        return -1;
    if (space_fill(v)) {
        vma_erase(v);
        return -1;
    }
    vma_merge(v);
    return 0;
}

int64_t mm_brk(uint64_t addr)
{
    uint64_t old = page_up(brk_now), new = page_up(addr);

    if (addr < brk_start || addr > ABI_USER_TOP - ABI_PAGE_SIZE)
        return (int64_t)brk_now;
    if (new < old && space_clear(new, old, true))
        return (int64_t)brk_now;
    if (new > old && grow(old, new))
        return (int64_t)brk_now;
    brk_now = addr;
    return (int64_t)brk_now;
}
