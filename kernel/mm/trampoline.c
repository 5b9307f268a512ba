/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hidden mappings: trampolines of patched text. The program neither sees nor
 * can use their addresses, unless it maps something over them.
 */
#include <asm/errno.h>
#include <linux/mman.h>

#include "abi/platform.h"
#include "kernel/core/cpu.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/sidecar.h"
#include "kernel/mm/space.h"
#include "kernel/mm/vma.h"

static bool is_room(uint64_t start, uint64_t end, uint64_t anchor)
{
    for (struct vma *v = vma_overlap(start, end); v && v->start < end;
         v = vma_next(v)) {
        if (!v->hidden)
            return false;
        if (v->seg != VMA_NO_SEG && v->anchor != anchor)
            return false;
    }
    return true;
}

int mm_map_trampolines(uint64_t addr, size_t len_bytes, uint64_t sidecar_off,
                       uint64_t anchor, uint32_t seg)
{
    struct vma proto = {.start = addr,
                        .filled = addr + len_bytes,
                        .prot = PROT_READ | PROT_EXEC,
                        .flags = MAP_PRIVATE,
                        .hidden = true,
                        .seg = seg,
                        .anchor = anchor};
    struct vma *v;
    int64_t err;

    if (!space_range(addr, len_bytes, &proto.end) || addr < ABI_USER_MIN ||
        !is_room(addr, proto.end, anchor) || space_cut(addr, proto.end))
        return -EBUSY;
    while ((v = vma_overlap(addr, proto.end)))
        vma_erase(v);
    if (!vma_insert(&proto))
        return -ENOMEM;
    err = platform.ops.mem_map(addr, len_bytes, ABI_PROT_READ | ABI_PROT_EXEC,
                               ABI_SOURCE_SIDECAR, sidecar_off);
    if (err)
        vma_erase(vma_find(addr));
    return (int)err;
}

uint64_t mm_canonical_pc(uint64_t pc)
{
    struct vma *v = vma_find(pc);

    if (!v || v->start > pc || !v->hidden || v->seg == VMA_NO_SEG)
        return pc;
    return sidecar_canonical(v->seg, v->anchor, pc);
}
