/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Single entries of page tables: finding them, and those of pages that stay
 * where they are.
 */
#include "kernel/platform/vm/ring0/space.h"

struct slot space_walk(uint64_t addr, int level, bool create)
{
    struct table t = space_top();
    uint32_t i;

    for (int l = TOP_LEVEL; l > level; l--) {
        i = table_index(addr, l);
        if (!table_has_child(t, i) && !(create && table_make_child(t, i)))
            return (struct slot){0};
        t = table_child(t, i, l);
    }
    i = table_index(addr, level);
    return (struct slot){t.pte + i, t.shadow + i, table_origin(t, i, level)};
}

uint64_t space_origin(uint64_t addr)
{
    struct table t = space_top();
    int level = TOP_LEVEL;
    uint32_t i = table_index(addr, level);

    while (level > 0 && table_has_child(t, i)) {
        t = table_child(t, i, level);
        i = table_index(addr, --level);
    }
    return origin_advance(table_origin(t, i, level),
                          addr & (span(level) - 1) & -PAGE_SIZE);
}

static int64_t map_fixed(uint64_t addr, uint64_t len_bytes, uint64_t pte,
                         uint64_t origin)
{
    uint64_t end = addr + len_bytes;

    while (addr < end) {
        struct slot s = space_walk(addr, 0, true);
        uint32_t nr = NR_ENTRIES - table_index(addr, 0);

        if (!s.pte)
            return -ENOMEM;
        if (nr > (end - addr) / PAGE_SIZE)
            nr = (uint32_t)((end - addr) / PAGE_SIZE);
        words_fill(s.shadow, nr, origin);
        page_series(s.pte, nr, pte, PAGE_SIZE);
        addr += nr * PAGE_SIZE;
        pte += nr * PAGE_SIZE;
    }
    return 0;
}

int64_t space_map_fixed(uint64_t addr, phys_t phys, uint64_t len_bytes,
                        uint32_t prot)
{
    return map_fixed(addr, len_bytes, pte_make_fixed(phys, prot),
                     VM_ORIGIN(VM_FIXED, prot, 0));
}

int64_t space_map_device(uint64_t addr, phys_t phys)
{
    const uint32_t prot = ABI_PROT_READ | ABI_PROT_WRITE;

    return map_fixed(addr, PAGE_SIZE, pte_make_fixed(phys, prot) | PTE_PCD,
                     VM_ORIGIN(VM_FIXED, prot, 0));
}
