/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables and their shadow: making, setting, walking them. Other
 * operations on ranges are range.c's, what a touch brings in is fault.c's.
 */
#include "kernel/platform/vm/ring0/space.h"
#include "kernel/platform/vm/ring0/asm.h"
#include "kernel/platform/vm/ring0/percpu.h"
#include "lib/string.h"

enum { FLUSH_ALL_PAGES = 32 };

uint64_t space_top_shadow[NR_ENTRIES];

bool space_stale;
uint32_t *space_shadows;

struct table space_top(void)
{
    return (struct table){space_pml4, space_top_shadow, 0};
}

bool table_make_child(struct table t, uint32_t i)
{
    phys_t ptes, shadow;

    if (table_has_child(t, i))
        return true;
    ptes = page_alloc_row(2);
    shadow = ptes + PAGE_SIZE;
    if (!ptes) {
        ptes = page_alloc_zeroed();
        shadow = page_alloc_zeroed();
    }
    if (!ptes || !shadow) {
        if (ptes)
            page_free(ptes);
        return false;
    }
    space_shadows[ptes / PAGE_SIZE] = (uint32_t)(shadow / PAGE_SIZE);
    t.pte[i] = ptes | PTE_TABLE;
    return true;
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

/* Frees what hangs below entry i; its origin stays. */
static void clear_entry(struct table t, uint32_t i, int level)
{
    struct table child;

    if (level == 0) {
        pte_drop(&t.pte[i], table_origin(t, i, level));
        return;
    }
    child = table_child(t, i, level);
    for (uint32_t j = 0; j < NR_ENTRIES; j++)
        if (child.pte[j])
            clear_entry(child, j, level - 1);
    page_free(virt_to_phys(child.pte));
    page_free(virt_to_phys(child.shadow));
    t.pte[i] = 0;
    space_stale = true;
}

static void flush_here(uint64_t addr, uint64_t len_bytes)
{
    if (len_bytes > FLUSH_ALL_PAGES * PAGE_SIZE) {
        write_cr3(read_cr3());
        return;
    }
    for (uint64_t off = 0; off < len_bytes; off += PAGE_SIZE)
        invlpg(addr + off);
}

void space_flush(uint64_t addr, uint64_t len_bytes)
{
    if (!space_stale)
        return;
    space_stale = false;
    flush_here(addr, len_bytes);
    if (smp_several)
        smp_flush_others();
}

/* By the processor's own loops: where ring 0 is emulated, an instruction costs
 * much more than a step of these. */
static bool are_zero(const uint64_t *words, uint64_t nr)
{
    bool zero;

    __asm__ volatile("repe scasq"
                     : "+D"(words), "+c"(nr), "=@cce"(zero)
                     : "a"(0)
                     : "memory");
    return zero;
}

static void fill(uint64_t *words, uint64_t nr, uint64_t value)
{
    __asm__ volatile("rep stosq"
                     : "+D"(words), "+c"(nr)
                     : "a"(value)
                     : "memory");
}

/* Entries that lie whole in [lo, hi): short, since programs' mappings are
 * many pages. */
static void set_whole(struct table t, int level, uint64_t lo, uint64_t hi,
                      uint64_t origin)
{
    uint64_t step = origin_advance(origin, span(level)) - origin;
    uint32_t i = table_index(lo, level);
    uint32_t end = i + (uint32_t)((hi - lo) / span(level));

    if (!origin)
        origin = ORIGIN_HOLE;
    if (i < end && are_zero(&t.pte[i], end - i)) {
        if (step)
            page_series(&t.shadow[i], end - i, origin, step);
        else
            fill(&t.shadow[i], end - i, origin);
        return;
    }
    for (; i < end; i++, origin += step) {
        if (t.pte[i])
            clear_entry(t, i, level);
        t.shadow[i] = origin;
    }
}

/* ---- the lowest tables --------------------------------------------------- */

static struct table leaf;
static uint64_t leaf_span; /* 0: none, otherwise one more than its number */

void space_forget(void)
{
    leaf_span = 0;
}

const struct table *space_leaf_again(uint64_t addr)
{
    return leaf_span == addr / span(1) + 1 ? &leaf : NULL;
}

const struct table *space_leaf(uint64_t addr, bool touch)
{
    struct table t;

    if (space_leaf_again(addr))
        return &leaf;
    t = space_top();
    for (int level = TOP_LEVEL; level > 0; level--) {
        uint32_t i = table_index(addr, level);

        if (!table_has_child(t, i)) {
            if (touch && !(table_origin(t, i, level) & VM_PROT_MASK))
                return NULL;
            if (!table_make_child(t, i)) {
                if (touch)
                    out_of_memory();
                return NULL;
            }
        }
        t = table_child(t, i, level);
    }
    leaf = t;
    leaf_span = addr / span(1) + 1;
    return &leaf;
}

/* What most of a program's mappings are: something that lies under one table.
 */
static int64_t set_leaf(uint64_t addr, uint64_t len_bytes, uint64_t origin)
{
    const struct table *t = space_leaf(addr, false);
    uint32_t i = table_index(addr, 0), nr = (uint32_t)(len_bytes / PAGE_SIZE);

    if (!t)
        return -ENOMEM;
    set_whole(*t, 0, addr, addr + len_bytes, origin);
    if (origin_kind(origin) == VM_FILE && origin & VM_PROT_MASK)
        fault_show_file(&t->pte[i], nr, origin);
    space_flush(addr, len_bytes);
    return 0;
}

static int64_t set(struct table t, int level, uint64_t lo, uint64_t hi,
                   uint64_t origin);

/* A part of one entry. */
static int64_t set_part(struct table t, int level, uint64_t lo, uint64_t hi,
                        uint64_t origin)
{
    uint32_t i = table_index(lo, level);

    if (!origin && !table_has_child(t, i) && !table_origin(t, i, level))
        return 0;
    if (!table_make_child(t, i))
        return -ENOMEM;
    return set(table_child(t, i, level), level - 1, lo, hi, origin);
}

static int64_t set(struct table t, int level, uint64_t lo, uint64_t hi,
                   uint64_t origin)
{
    uint64_t first = (lo + span(level) - 1) & -span(level);
    uint64_t last = hi & -span(level);

    if (first > last)
        return set_part(t, level, lo, hi, origin);
    if (lo < first && set_part(t, level, lo, first, origin))
        return -ENOMEM;
    set_whole(t, level, first, last, origin_advance(origin, first - lo));
    if (last == hi)
        return 0;
    return set_part(t, level, last, hi, origin_advance(origin, last - lo));
}

int64_t space_set(uint64_t addr, uint64_t len_bytes, uint64_t origin)
{
    int64_t ret;

    if (origin && len_bytes < span(1) &&
        addr / span(1) == (addr + len_bytes - 1) / span(1))
        return set_leaf(addr, len_bytes, origin);
    ret = set(space_top(), TOP_LEVEL, addr, addr + len_bytes, origin);
    space_forget();
    space_flush(addr, len_bytes);
    return ret;
}

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
    struct slot s = {0};

    for (uint64_t off = 0; off < len_bytes; off += PAGE_SIZE) {
        if (!off || !table_index(addr + off, 0))
            s = space_walk(addr + off, 0, true);
        if (!s.pte)
            return -ENOMEM;
        *s.shadow++ = origin;
        *s.pte++ = pte + off;
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
