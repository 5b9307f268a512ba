/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables and their shadow: making and setting them. Single entries are
 * walk.c's, other operations on ranges range.c's, what a touch brings in
 * fault.c's.
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

/* Whether a page may be forgotten: nobody owns it or counts who shows it. */
static inline bool is_only_shown(uint64_t pte, uint64_t origin)
{
    enum vm_kind kind = origin_kind(origin);

    return !(pte & PTE_OWNED) && kind != VM_SHARED && kind != VM_PRIVATE;
}

/* Empties entries of the lowest level, as clear_entry(). */
static void drop_pages(struct table t, uint32_t i, uint32_t end)
{
    uint64_t seen = 0;

    for (; i < end; i++) {
        uint64_t pte = t.pte[i], own = t.shadow[i];

        if (!pte)
            continue;
        seen |= pte;
        if (is_only_shown(pte, own ? own : t.base))
            t.pte[i] = 0;
        else
            pte_drop(&t.pte[i], table_origin(t, i, 0));
    }
    if (seen & PTE_P)
        space_stale = true;
}

/* Entries that lie whole in [lo, hi): short, since programs' mappings are
 * many pages. */
static void set_whole(struct table t, int level, uint64_t lo, uint64_t hi,
                      uint64_t origin)
{
    uint64_t step = origin_advance(origin, span(level)) - origin;
    uint32_t i = table_index(lo, level);
    uint32_t nr = (uint32_t)((hi - lo) / span(level)), end = i + nr;

    if (nr && !are_zero(&t.pte[i], nr)) {
        if (level == 0)
            drop_pages(t, i, end);
        for (uint32_t j = i; level && j < end; j++)
            if (t.pte[j])
                clear_entry(t, j, level);
    }
    if (!origin)
        origin = ORIGIN_HOLE;
    if (step)
        page_series(&t.shadow[i], nr, origin, step);
    else
        words_fill(&t.shadow[i], nr, origin);
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

static const struct table *remember_leaf(struct table t, uint64_t addr)
{
    leaf = t;
    leaf_span = addr / span(1) + 1;
    return &leaf;
}

/* The one that is there; NULL: none. */
static const struct table *find_leaf(uint64_t addr)
{
    struct table t;

    if (space_leaf_again(addr))
        return &leaf;
    t = space_top();
    for (int level = TOP_LEVEL; level > 0; level--) {
        uint32_t i = table_index(addr, level);

        if (!table_has_child(t, i))
            return NULL;
        t = table_child(t, i, level);
    }
    return remember_leaf(t, addr);
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
    return remember_leaf(t, addr);
}

/* What most of a program's mappings are: something that lies under one table,
 * which is made only for what shall be there (otherwise -ENOENT). */
static int64_t set_leaf(uint64_t addr, uint64_t len_bytes, uint64_t origin)
{
    const struct table *t = origin ? space_leaf(addr, false) : find_leaf(addr);
    uint32_t i = table_index(addr, 0), nr = (uint32_t)(len_bytes / PAGE_SIZE);

    if (!t)
        return origin ? -ENOMEM : -ENOENT;
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
    int64_t ret = -ENOENT;

    if (len_bytes < span(1) &&
        addr / span(1) == (addr + len_bytes - 1) / span(1))
        ret = set_leaf(addr, len_bytes, origin);
    if (ret != -ENOENT)
        return ret;
    ret = set(space_top(), TOP_LEVEL, addr, addr + len_bytes, origin);
    space_forget();
    space_flush(addr, len_bytes);
    return ret;
}
