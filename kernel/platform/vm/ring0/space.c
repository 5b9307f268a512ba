/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables and their shadow: operations on ranges. What a touch brings in
 * is fault.c's business.
 */
#include "kernel/platform/vm/ring0/space.h"
#include "kernel/platform/vm/ring0/asm.h"
#include "lib/string.h"

enum { FLUSH_ALL_PAGES = 32 };

extern uint64_t space_pml4[NR_ENTRIES];
static uint64_t top_origin[NR_ENTRIES];

/* A present entry was changed: the processor may remember the old one. */
static bool stale;

static struct table top(void)
{
    return (struct table){space_pml4, top_origin};
}

static bool has_child(struct table t, uint32_t i)
{
    return t.pte[i] & PTE_P;
}

static struct table child(struct table t, uint32_t i)
{
    return (struct table){phys_to_virt(t.pte[i] & PTE_ADDR),
                          phys_to_virt(t.origin[i])};
}

/* Splits entry i, at `level`, into a table of the next lower level. */
static bool make_child(struct table t, uint32_t i, int level)
{
    phys_t ptes, origins;
    uint64_t *origin;

    if (has_child(t, i))
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
        stale = true;
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
    } else if (has_child(t, i)) {
        for (uint32_t j = 0; j < NR_ENTRIES; j++)
            clear_entry(child(t, i), j, level - 1);
        page_free(t.pte[i] & PTE_ADDR);
        page_free(t.origin[i]);
        t.pte[i] = 0;
        stale = true;
    }
    t.origin[i] = 0;
}

static void flush(uint64_t addr, uint64_t len_bytes)
{
    if (!stale)
        return;
    stale = false;
    if (len_bytes > FLUSH_ALL_PAGES * PAGE_SIZE) {
        write_cr3(read_cr3());
        return;
    }
    for (uint64_t off = 0; off < len_bytes; off += PAGE_SIZE)
        invlpg(addr + off);
}

/* A step of a walk over [lo, hi): the part of it that lies in one entry. */
struct part {
    uint32_t i;
    uint64_t lo, hi;
    bool whole;
};

static struct part part_of(uint64_t lo, uint64_t hi, int level)
{
    uint64_t base = lo & -span(level);
    uint64_t end = base + span(level);

    return (struct part){table_index(lo, level), lo, hi < end ? hi : end,
                         lo == base && hi >= end};
}

static int64_t set(struct table t, int level, uint64_t lo, uint64_t hi,
                   uint64_t origin)
{
    for (uint64_t a = lo; a < hi;) {
        struct part p = part_of(a, hi, level);
        uint64_t o = origin_advance(origin, a - lo);

        a = p.hi;
        if (p.whole) {
            clear_entry(t, p.i, level);
            t.origin[p.i] = o;
        } else if (o || has_child(t, p.i) || t.origin[p.i]) {
            if (!make_child(t, p.i, level))
                return -ENOMEM;
            if (set(child(t, p.i), level - 1, p.lo, p.hi, o))
                return -ENOMEM;
        }
    }
    return 0;
}

int64_t space_set(uint64_t addr, uint64_t len_bytes, uint64_t origin)
{
    int64_t ret = set(top(), TOP_LEVEL, addr, addr + len_bytes, origin);

    flush(addr, len_bytes);
    return ret;
}

static bool may_protect(uint64_t origin, uint64_t pte, uint32_t prot)
{
    if (!(prot & ABI_PROT_EXEC) || !sealed_exec())
        return true;
    return origin_kind(origin) == VM_FILE && !(pte & PTE_OWNED);
}

static void protect_leaf(uint64_t *pte, uint64_t origin)
{
    uint64_t old = *pte;

    if (!old)
        return;
    if (!(old & PTE_OWNED) && !(origin & VM_PROT_MASK))
        pte_drop(pte, origin);
    else
        *pte = pte_make(old & PTE_ADDR, origin, old & PTE_OWNED);
    if (old & PTE_P)
        stale = true;
}

static int64_t protect(struct table t, int level, uint64_t lo, uint64_t hi,
                       uint32_t prot)
{
    for (uint64_t a = lo; a < hi;) {
        struct part p = part_of(a, hi, level);
        bool leaf = level == 0 || (p.whole && !has_child(t, p.i));
        int64_t ret;

        a = p.hi;
        if (!has_child(t, p.i) && !t.origin[p.i])
            continue;
        if (leaf) {
            if (!may_protect(t.origin[p.i], t.pte[p.i], prot))
                return -EACCES;
            t.origin[p.i] = (t.origin[p.i] & ~(uint64_t)VM_PROT_MASK) | prot;
            protect_leaf(&t.pte[p.i], t.origin[p.i]);
            continue;
        }
        if (!make_child(t, p.i, level))
            return -ENOMEM;
        ret = protect(child(t, p.i), level - 1, p.lo, p.hi, prot);
        if (ret)
            return ret;
    }
    return 0;
}

int64_t space_protect(uint64_t addr, uint64_t len_bytes, uint32_t prot)
{
    int64_t ret = protect(top(), TOP_LEVEL, addr, addr + len_bytes, prot);

    flush(addr, len_bytes);
    return ret;
}

/* Calls fn for each leaf entry that holds a page. */
static void each_page(struct table t, int level, uint64_t lo, uint64_t hi,
                      void (*fn)(struct slot))
{
    for (uint64_t a = lo; a < hi;) {
        struct part p = part_of(a, hi, level);

        a = p.hi;
        if (level == 0 && t.pte[p.i])
            fn((struct slot){&t.pte[p.i], &t.origin[p.i]});
        else if (level > 0 && has_child(t, p.i))
            each_page(child(t, p.i), level - 1, p.lo, p.hi, fn);
    }
}

static void discard_page(struct slot s)
{
    pte_drop(s.pte, *s.origin);
}

void space_discard(uint64_t addr, uint64_t len_bytes)
{
    each_page(top(), TOP_LEVEL, addr, addr + len_bytes, discard_page);
    flush(addr, len_bytes);
}

bool space_walk(uint64_t addr, int level, bool create, struct slot *out)
{
    struct table t = top();

    for (int l = TOP_LEVEL; l > level; l--) {
        uint32_t i = table_index(addr, l);

        if (!has_child(t, i) && !(create && make_child(t, i, l)))
            return false;
        t = child(t, i);
    }
    out->pte = &t.pte[table_index(addr, level)];
    out->origin = &t.origin[table_index(addr, level)];
    return true;
}

uint64_t space_origin(uint64_t addr)
{
    struct table t = top();
    int level = TOP_LEVEL;
    uint32_t i = table_index(addr, level);

    while (level > 0 && has_child(t, i)) {
        t = child(t, i);
        i = table_index(addr, --level);
    }
    return origin_advance(t.origin[i], addr & (span(level) - 1) & -PAGE_SIZE);
}

/* ---- moving ----------------------------------------------------------- */

static int move_level(uint64_t from, uint64_t to, uint64_t len_bytes)
{
    int level = TOP_LEVEL - 1;

    while (level > 0 &&
           (((from | to) & (span(level) - 1)) || len_bytes < span(level)))
        level--;
    return level;
}

/* Moves one entry with all that hangs below it. */
static int64_t move_entry(uint64_t from, uint64_t to, int level)
{
    struct slot src, dst;

    if (!space_walk(from, level, true, &src))
        return -ENOMEM;
    if (set(top(), TOP_LEVEL, to, to + span(level), 0) ||
        !space_walk(to, level, true, &dst))
        return -ENOMEM;
    *dst.pte = *src.pte;
    *dst.origin = *src.origin;
    *src.pte = 0;
    *src.origin = 0;
    stale = true;
    return 0;
}

static int64_t move(uint64_t from, uint64_t to, uint64_t len_bytes)
{
    while (len_bytes) {
        int level = move_level(from, to, len_bytes);
        int64_t ret = move_entry(from, to, level);

        if (ret)
            return ret;
        from += span(level);
        to += span(level);
        len_bytes -= span(level);
    }
    return 0;
}

int64_t space_move(uint64_t old, uint64_t old_len, uint64_t new_addr,
                   uint64_t new_len)
{
    uint64_t rest = space_origin(old + old_len - PAGE_SIZE);
    int64_t ret = old == new_addr ? 0 : move(old, new_addr, old_len);

    if (!ret && new_len > old_len)
        ret = space_set(new_addr + old_len, new_len - old_len,
                        origin_advance(rest, PAGE_SIZE));
    stale = true;
    flush(old, UINT64_MAX);
    return ret;
}

/* ---- fixed pages, the object ------------------------------------------ */

int64_t space_map_fixed(uint64_t addr, phys_t phys, uint32_t prot,
                        bool uncached)
{
    struct slot s;

    if (!space_walk(addr, 0, true, &s))
        return -ENOMEM;
    *s.origin = VM_ORIGIN(VM_FIXED, prot, 0);
    *s.pte = pte_make(phys, *s.origin, true) & ~PTE_OWNED;
    if (uncached)
        *s.pte |= PTE_PCD;
    return 0;
}

static void punch_page(struct slot s)
{
    uint64_t nr_maps = *s.origin >> 52;

    if (nr_maps)
        memset(phys_to_virt(*s.pte & PTE_ADDR), 0, PAGE_SIZE);
    else
        pte_drop(s.pte, *s.origin);
}

void space_punch(uint64_t offset, uint64_t len_bytes)
{
    uint64_t addr = ABI_SHM_BASE + offset;

    each_page(top(), TOP_LEVEL, addr, addr + len_bytes, punch_page);
    flush(addr, len_bytes);
}
