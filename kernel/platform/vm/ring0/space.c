/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables and their shadow: making, setting, walking them. Other
 * operations on ranges are range.c's, what a touch brings in is fault.c's.
 */
#include "kernel/platform/vm/ring0/space.h"
#include "kernel/platform/vm/ring0/asm.h"
#include "lib/string.h"

enum { FLUSH_ALL_PAGES = 32 };

static uint64_t top_origin[NR_ENTRIES];

bool space_stale;

struct table space_top(void)
{
    return (struct table){space_pml4, top_origin};
}

bool table_make_child(struct table t, uint32_t i, int level)
{
    phys_t ptes, origins;
    uint64_t *origin;

    if (table_has_child(t, i))
        return true;
    ptes = page_alloc_zeroed();
    origins = page_alloc();
    if (!ptes || !origins) {
        if (ptes)
            page_free(ptes);
        return false;
    }
    origin = phys_to_virt(origins);
    for (uint32_t j = 0; j < NR_ENTRIES; j++)
        origin[j] = origin_advance(t.origin[i], j * span(level - 1));
    t.pte[i] = ptes | PTE_P | PTE_W | PTE_U;
    t.origin[i] = origins;
    return true;
}

uint64_t pte_make(phys_t page, uint64_t origin, bool owned)
{
    uint64_t pte = page | (owned ? PTE_OWNED : 0);
    bool writable = owned || origin_kind(origin) == VM_SHARED;

    if (!(origin & VM_PROT_MASK))
        return pte;
    if (origin & ABI_PROT_WRITE && writable)
        pte |= PTE_W;
    if (!(origin & ABI_PROT_EXEC))
        pte |= PTE_NX;
    return pte | PTE_P | PTE_U;
}

void pte_drop(uint64_t *pte, uint64_t origin)
{
    enum vm_kind kind = origin_kind(origin);

    if (*pte & PTE_P)
        space_stale = true;
    if (*pte & PTE_OWNED)
        page_free(*pte & PTE_ADDR);
    else if (*pte && (kind == VM_SHARED || kind == VM_PRIVATE))
        window_count(origin_offset(origin), -1);
    *pte = 0;
}

static void clear_entry(struct table t, uint32_t i, int level)
{
    if (level == 0) {
        pte_drop(&t.pte[i], t.origin[i]);
    } else if (table_has_child(t, i)) {
        for (uint32_t j = 0; j < NR_ENTRIES; j++)
            clear_entry(table_child(t, i), j, level - 1);
        page_free(t.pte[i] & PTE_ADDR);
        page_free(t.origin[i]);
        t.pte[i] = 0;
        space_stale = true;
    }
    t.origin[i] = 0;
}

void space_flush(uint64_t addr, uint64_t len_bytes)
{
    if (!space_stale)
        return;
    space_stale = false;
    if (len_bytes > FLUSH_ALL_PAGES * PAGE_SIZE) {
        write_cr3(read_cr3());
        return;
    }
    for (uint64_t off = 0; off < len_bytes; off += PAGE_SIZE)
        invlpg(addr + off);
}

static int64_t set(struct table t, int level, uint64_t lo, uint64_t hi,
                   uint64_t origin)
{
    for (uint64_t a = lo; a < hi;) {
        struct part p = table_part(a, hi, level);
        uint64_t o = origin_advance(origin, a - lo);

        a = p.hi;
        if (p.whole) {
            clear_entry(t, p.i, level);
            t.origin[p.i] = o;
        } else if (o || table_has_child(t, p.i) || t.origin[p.i]) {
            if (!table_make_child(t, p.i, level))
                return -ENOMEM;
            if (set(table_child(t, p.i), level - 1, p.lo, p.hi, o))
                return -ENOMEM;
        }
    }
    return 0;
}

int64_t space_set(uint64_t addr, uint64_t len_bytes, uint64_t origin)
{
    int64_t ret = set(space_top(), TOP_LEVEL, addr, addr + len_bytes, origin);

    space_flush(addr, len_bytes);
    return ret;
}

struct slot space_walk(uint64_t addr, int level, bool create)
{
    struct table t = space_top();

    for (int l = TOP_LEVEL; l > level; l--) {
        uint32_t i = table_index(addr, l);

        if (!table_has_child(t, i) && !(create && table_make_child(t, i, l)))
            return (struct slot){NULL, NULL};
        t = table_child(t, i);
    }
    return (struct slot){t.pte + table_index(addr, level),
                         t.origin + table_index(addr, level)};
}

uint64_t space_origin(uint64_t addr)
{
    struct table t = space_top();
    int level = TOP_LEVEL;
    uint32_t i = table_index(addr, level);

    while (level > 0 && table_has_child(t, i)) {
        t = table_child(t, i);
        i = table_index(addr, --level);
    }
    return origin_advance(t.origin[i], addr & (span(level) - 1) & -PAGE_SIZE);
}

int64_t space_map_fixed(uint64_t addr, phys_t phys, uint32_t prot,
                        bool uncached)
{
    struct slot s = space_walk(addr, 0, true);

    if (!s.pte)
        return -ENOMEM;
    *s.origin = VM_ORIGIN(VM_FIXED, prot, 0);
    *s.pte = pte_make(phys, *s.origin, true) & ~PTE_OWNED;
    if (uncached)
        *s.pte |= PTE_PCD;
    return 0;
}
