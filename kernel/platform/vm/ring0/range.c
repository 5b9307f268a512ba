/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Operations on ranges that keep what is there: protect, discard, move, and
 * punching holes into the shareable object.
 */
#include "kernel/platform/vm/ring0/space.h"

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
        space_stale = true;
}

static int64_t protect_entry(struct table t, uint32_t i, int level,
                             uint32_t prot)
{
    uint64_t origin = table_origin(t, i, level);

    if (!may_protect(origin, t.pte[i], prot))
        return -EACCES;
    origin = (origin & ~(uint64_t)VM_PROT_MASK) | prot;
    t.shadow[i] = origin;
    protect_leaf(&t.pte[i], origin);
    return 0;
}

static int64_t protect(struct table t, int level, uint64_t lo, uint64_t hi,
                       uint32_t prot)
{
    for (uint64_t a = lo; a < hi;) {
        struct part p = table_part(a, hi, level);
        bool child = level > 0 && table_has_child(t, p.i);
        int64_t ret;

        a = p.hi;
        if (!child && !table_origin(t, p.i, level))
            continue;
        if (level == 0 || (p.whole && !child)) {
            ret = protect_entry(t, p.i, level, prot);
        } else {
            if (!table_make_child(t, p.i))
                return -ENOMEM;
            ret = protect(table_child(t, p.i, level), level - 1, p.lo, p.hi,
                          prot);
        }
        if (ret)
            return ret;
    }
    return 0;
}

/* Under the table that is remembered, as after a mapping. */
static int64_t protect_near(const struct table *t, uint64_t addr, uint64_t end,
                            uint32_t prot)
{
    int64_t ret = 0;

    for (; addr < end && !ret; addr += PAGE_SIZE) {
        uint32_t i = table_index(addr, 0);

        if (table_origin(*t, i, 0))
            ret = protect_entry(*t, i, 0, prot);
    }
    return ret;
}

int64_t space_protect(uint64_t addr, uint64_t len_bytes, uint32_t prot)
{
    uint64_t end = addr + len_bytes;
    const struct table *t = space_leaf_again(addr);
    int64_t ret;

    if (t && addr / span(1) == (end - 1) / span(1)) {
        ret = protect_near(t, addr, end, prot);
    } else {
        ret = protect(space_top(), TOP_LEVEL, addr, end, prot);
        space_forget();
    }
    space_flush(addr, len_bytes);
    return ret;
}

/* Calls fn for each leaf entry that holds a page. */
static void each_page(struct table t, int level, uint64_t lo, uint64_t hi,
                      void (*fn)(struct slot))
{
    for (uint64_t a = lo; a < hi;) {
        struct part p = table_part(a, hi, level);

        a = p.hi;
        if (level == 0 && t.pte[p.i])
            fn((struct slot){&t.pte[p.i], &t.shadow[p.i],
                             table_origin(t, p.i, level)});
        else if (level > 0 && table_has_child(t, p.i))
            each_page(table_child(t, p.i, level), level - 1, p.lo, p.hi, fn);
    }
}

static void discard_page(struct slot s)
{
    pte_drop(s.pte, s.origin);
}

void space_discard(uint64_t addr, uint64_t len_bytes)
{
    each_page(space_top(), TOP_LEVEL, addr, addr + len_bytes, discard_page);
    space_flush(addr, len_bytes);
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
    struct slot src = space_walk(from, level, true), dst;

    if (!src.pte || space_set(to, span(level), 0))
        return -ENOMEM;
    dst = space_walk(to, level, true);
    if (!dst.pte)
        return -ENOMEM;
    *dst.pte = *src.pte;
    *dst.shadow = src.origin ? src.origin : ORIGIN_HOLE;
    *src.pte = 0;
    *src.shadow = ORIGIN_HOLE;
    space_stale = true;
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
    space_forget();
    space_stale = true;
    space_flush(old, UINT64_MAX);
    return ret;
}

static void punch_page(struct slot s)
{
    uint64_t nr_maps = s.origin >> 52;

    if (nr_maps)
        page_zero(*s.pte & PTE_ADDR);
    else
        pte_drop(s.pte, s.origin);
}

void space_punch(uint64_t offset, uint64_t len_bytes)
{
    uint64_t addr = ABI_SHM_BASE + offset;

    each_page(space_top(), TOP_LEVEL, addr, addr + len_bytes, punch_page);
    space_flush(addr, len_bytes);
}
