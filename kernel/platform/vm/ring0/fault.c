/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page faults: what a first touch brings in, and copy-on-write.
 */
#include "kernel/platform/vm/ring0/asm.h"
#include "kernel/platform/vm/ring0/percpu.h"
#include "kernel/platform/vm/ring0/space.h"

enum {
    FAULT_WRITE = 2,
    FAULT_RESERVED = 8,
    FAULT_FETCH = 16,
};

static phys_t bundle;
static uint64_t bundle_len;

void space_init(phys_t base, uint64_t bundle_bytes, bool prepared)
{
    uint64_t shadows_bytes = page_top() / PAGE_SIZE * sizeof(*space_shadows);
    phys_t shadows;

    bundle = base;
    bundle_len = bundle_bytes;
    if (prepared)
        return;
    shadows = page_alloc_span(shadows_bytes / PAGE_SIZE + 1);
    space_shadows = phys_to_virt(shadows);
    if (!shadows ||
        space_set(ABI_SHM_BASE, ABI_SHM_MAX,
                  VM_ORIGIN(VM_WINDOW, ABI_PROT_READ | ABI_PROT_WRITE, 0)))
        out_of_memory();
}

/* ---- the shareable object --------------------------------------------- */

/* Number of other mappings of a page, in its origin's upper bits. A count
 * that reaches the maximum stays there: the page is then never freed. */
enum { COUNT_SHIFT = 52, COUNT_MAX = 0xfff };

phys_t window_page(uint64_t offset, bool create)
{
    struct slot s = space_walk(ABI_SHM_BASE + offset, 0, create);

    if (!s.pte)
        return 0;
    if (!*s.pte && create) {
        phys_t page = page_alloc_zeroed();

        if (page)
            *s.pte = pte_make(page, s.origin, true);
    }
    return *s.pte & PTE_ADDR;
}

void window_count(uint64_t offset, int change)
{
    struct slot s = space_walk(ABI_SHM_BASE + offset, 0, false);
    uint64_t count;

    if (!s.pte)
        return;
    count = s.origin >> COUNT_SHIFT;
    if (count == COUNT_MAX || (change < 0 && count == 0))
        return;
    *s.shadow = s.origin + ((uint64_t)(int64_t)change << COUNT_SHIFT);
}

/* ---- bringing in ------------------------------------------------------ */

void fault_show_file(uint64_t *pte, uint32_t nr, uint64_t origin)
{
    phys_t page = bundle + origin_offset(origin), own;
    bool write = origin & ABI_PROT_WRITE;

    if (origin_offset(origin) + nr * PAGE_SIZE > bundle_len)
        return;
    if (nr <= AROUND_PAGES / 2 && write && native_ring3()) {
        own = page_alloc_row(nr);
        if (!own)
            return;
        page_copy(own, page, nr);
        page_series(pte, nr, pte_make(own, origin, true), PAGE_SIZE);
    } else if (!write && (nr <= AROUND_PAGES || origin & ABI_PROT_EXEC)) {
        page_series(pte, nr, pte_make(page, origin, false), PAGE_SIZE);
    }
}

/* A copy of `page` of our own, or zeroes. */
static phys_t own_page(phys_t page)
{
    phys_t own = page ? page_alloc() : page_alloc_zeroed();

    if (!own)
        out_of_memory();
    if (page)
        page_copy(own, page, 1);
    return own;
}

/* How many pages from s on, in its table, go on as the same file's. */
static uint32_t run_length(struct slot s, uint64_t addr)
{
    uint64_t left = NR_ENTRIES - table_index(addr, 0);
    uint64_t in_file = (bundle_len - origin_offset(s.origin)) / PAGE_SIZE;
    uint64_t step = *s.shadow ? PAGE_SIZE : 0, want = *s.shadow;
    uint32_t max = AROUND_PAGES, n = 0;

    max = left < max ? (uint32_t)left : max;
    max = in_file < max ? (uint32_t)in_file : max;
    while (n < max && s.shadow[n] == want && (!n || !s.pte[n])) {
        want += step;
        n++;
    }
    return n;
}

static void map_around(struct slot s, uint64_t addr)
{
    uint32_t nr = run_length(s, addr);

    for (uint32_t n = 1; n < nr; n++)
        s.pte[n] = s.pte[n - 1] + PAGE_SIZE;
}

/* A program that goes through memory page by page touches the next ones soon:
 * behind a page that is there come some more, while there is plenty. */
static void zeroes_around(struct slot s, uint64_t addr)
{
    uint64_t left = NR_ENTRIES - table_index(addr, 0);
    uint64_t pte = *s.pte & ~PTE_ADDR;
    uint32_t n = 1, end = left < AROUND_PAGES ? (uint32_t)left : AROUND_PAGES;

    if (left == NR_ENTRIES || !(s.pte[-1] & PTE_P))
        return;
    while (n < end && !s.pte[n] && s.shadow[n] == *s.shadow)
        n++;
    pte |= page_alloc_row(n - 1);
    if (!(pte & PTE_ADDR))
        return;
    for (uint32_t i = 1; i < n; i++, pte += PAGE_SIZE)
        s.pte[i] = pte;
}

static bool file_fault(struct slot s, uint64_t addr, bool write)
{
    phys_t page = bundle + origin_offset(s.origin);

    if (origin_offset(s.origin) >= bundle_len)
        return false;
    if (write) {
        *s.pte = pte_make(own_page(page), s.origin, true);
    } else {
        *s.pte = pte_make(page, s.origin, false);
        map_around(s, addr);
    }
    return true;
}

static bool shared_fault(struct slot s)
{
    uint64_t offset = origin_offset(s.origin);
    phys_t page = window_page(offset, true);

    if (!page)
        out_of_memory();
    if (!*s.pte)
        window_count(offset, 1);
    *s.pte = pte_make(page, s.origin, false);
    return true;
}

static bool private_fault(struct slot s, bool write)
{
    phys_t page = window_page(origin_offset(s.origin), false);

    if (!write)
        return shared_fault(s);
    page = own_page(page);
    pte_drop(s.pte, s.origin);
    *s.pte = pte_make(page, s.origin, true);
    return true;
}

static bool bring_in(struct slot s, uint64_t addr, bool write)
{
    if (*s.pte & PTE_OWNED) {
        *s.pte = pte_make(*s.pte & PTE_ADDR, s.origin, true);
        return true;
    }
    switch (origin_kind(s.origin)) {
    case VM_ANON:
    case VM_WINDOW:
        *s.pte = pte_make(own_page(0), s.origin, true);
        zeroes_around(s, addr);
        return true;
    case VM_FILE:
        return file_fault(s, addr, write);
    case VM_SHARED:
        return shared_fault(s);
    case VM_PRIVATE:
        return private_fault(s, write);
    case VM_NONE:
    case VM_FIXED:
        break;
    }
    return false;
}

static bool allowed(uint64_t origin, uint32_t error)
{
    if (error & FAULT_RESERVED)
        return false;
    if (error & FAULT_FETCH)
        return origin & ABI_PROT_EXEC;
    if (error & FAULT_WRITE)
        return origin & ABI_PROT_WRITE;
    return origin & VM_PROT_MASK;
}

/* Unchanged: another CPU was faster. */
static __attribute__((noinline)) void forget_old(uint64_t addr, bool changed)
{
    invlpg(addr);
    if (smp_several && changed)
        smp_flush_others();
}

bool space_fault(uint64_t addr, uint32_t error)
{
    uint32_t i = table_index(addr, 0);
    const struct table *t;
    struct slot s;
    uint64_t old;

    if (addr >= ABI_PLATFORM_END)
        return false;
    t = space_leaf(addr, true);
    if (!t)
        return false;
    s = (struct slot){&t->pte[i], &t->shadow[i], table_origin(*t, i, 0)};
    old = *s.pte;
    if (!allowed(s.origin, error) || !bring_in(s, addr, error & FAULT_WRITE))
        return false;
    if (old & PTE_P) /* entries that were absent are never remembered */
        forget_old(addr, *s.pte != old);
    return true;
}
