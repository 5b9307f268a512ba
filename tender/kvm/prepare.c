/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the boot file would map first, done from outside: page tables with
 * their shadows (abi/origin.h), the kernel and its windows, and the pages that
 * every start touches. A page of zeroes costs its entry: nobody has touched
 * the memory behind it. Where ring 0 is emulated this would be most of a
 * start.
 */
#include <string.h>

#include "abi/bundle.h"
#include "abi/config.h"
#include "abi/layout.h"
#include "abi/origin.h"
#include "lib/elf.h"
#include "tender/kvm/monitor.h"

enum { READ = ABI_PROT_READ, WRITE = ABI_PROT_WRITE };
enum { STACK_PAGES = 2, ROOMY_HEAP_PAGES = 64 };

/* With so much memory pages are given that a start may do without. */
static const uint64_t roomy_bytes = UINT64_C(16) << 20;

static uint64_t page_up(uint64_t n)
{
    return (n + ABI_PAGE_SIZE - 1) & -ABI_PAGE_SIZE;
}

/* ---- memory, tables ----------------------------------------------------- */

static void *ram(const struct machine *m, uint64_t gpa, uint64_t len_bytes)
{
    void *host = gmem_ptr(&m->gmem, gpa, len_bytes);

    if (!host)
        die("%llu bytes of memory: too little to start with",
            (unsigned long long)m->gmem.regions[0].len_bytes);
    return host;
}

/* Fresh, so zeroes; where it lies. */
static uint64_t take(struct machine *m, uint64_t nr_pages)
{
    uint64_t at = m->ram_taken;

    ram(m, at, nr_pages * ABI_PAGE_SIZE);
    m->ram_taken += nr_pages * ABI_PAGE_SIZE;
    return at;
}

struct table {
    uint64_t *pte, *shadow;
};

static uint32_t *shadows; /* of each page, where its shadow lies */

/* Entry i's table of the next lower level, made if there is none. Its shadow
 * lies behind it. */
static struct table child(struct machine *m, struct table t, uint32_t i)
{
    uint64_t gpa = t.pte[i] & PTE_ADDR;
    uint64_t *table;

    if (!gpa) {
        gpa = take(m, 2);
        shadows[gpa / ABI_PAGE_SIZE] = (uint32_t)(gpa / ABI_PAGE_SIZE + 1);
        t.pte[i] = gpa | PTE_TABLE;
    }
    table = ram(m, gpa, 2 * ABI_PAGE_SIZE);
    return (struct table){table, table + NR_ENTRIES};
}

static struct table find(struct machine *m, uint64_t addr, int level)
{
    struct table t = {ram(m, m->note.pml4, ABI_PAGE_SIZE),
                      ram(m, m->note.top_shadow, ABI_PAGE_SIZE)};

    for (int l = TOP_LEVEL; l > level; l--)
        t = child(m, t, table_index(addr, l));
    return t;
}

/* The largest entry that [addr, addr + len) begins with. */
static int level_of(uint64_t addr, uint64_t len_bytes)
{
    int level = TOP_LEVEL - 1;

    while (level && (addr & (span(level) - 1) || len_bytes < span(level)))
        level--;
    return level;
}

/* What a range is meant to hold; ranges come once, larger ones first. */
static void set(struct machine *m, uint64_t addr, uint64_t len_bytes,
                uint64_t origin)
{
    for (uint64_t end = addr + len_bytes; addr < end;) {
        int level = level_of(addr, end - addr);
        struct table t = find(m, addr, level);

        t.shadow[table_index(addr, level)] = origin;
        addr += span(level);
        origin = origin_advance(origin, span(level));
    }
}

/* ---- pages --------------------------------------------------------------- */

static void put(struct machine *m, uint64_t addr, uint64_t pte)
{
    find(m, addr, 0).pte[table_index(addr, 0)] = pte;
}

static void give_zeroes(struct machine *m, uint64_t addr, uint64_t len_bytes)
{
    const uint64_t origin = VM_ORIGIN(VM_ANON, READ | WRITE, 0);

    for (uint64_t off = 0; off < len_bytes; off += ABI_PAGE_SIZE)
        put(m, addr + off, pte_make(take(m, 1), origin, true));
}

static void show_file(struct machine *m, uint64_t addr, uint64_t len_bytes,
                      uint64_t origin)
{
    uint64_t gpa = GPA_BUNDLE + origin_offset(origin);

    for (uint64_t off = 0; off < len_bytes; off += ABI_PAGE_SIZE)
        put(m, addr + off, pte_make(gpa + off, origin, false));
}

static const uint8_t *bundle_bytes(const struct machine *m, uint64_t off,
                                   uint64_t len_bytes)
{
    const uint8_t *host = gmem_ptr(&m->rom, GPA_BUNDLE + off, len_bytes);

    if (!host)
        die("the kernel's file is cut short");
    return host;
}

/* A copy of `bytes` bytes of the bundle, zeroes behind them. */
static void give_copy(struct machine *m, uint64_t addr, uint64_t bytes,
                      uint64_t origin)
{
    uint64_t len = page_up(bytes), gpa = take(m, len / ABI_PAGE_SIZE);

    memcpy(ram(m, gpa, len), bundle_bytes(m, origin_offset(origin), bytes),
           bytes);
    for (uint64_t off = 0; off < len; off += ABI_PAGE_SIZE)
        put(m, addr + off, pte_make(gpa + off, origin, true));
}

static void map_fixed(struct machine *m, uint64_t addr, uint64_t gpa,
                      uint64_t len_bytes, uint64_t prot)
{
    set(m, addr, len_bytes, VM_ORIGIN(VM_FIXED, prot, 0));
    for (uint64_t off = 0; off < len_bytes; off += ABI_PAGE_SIZE)
        put(m, addr + off, pte_make_fixed(gpa + off, prot));
}

/* ---- the boot file's wishes ---------------------------------------------- */

static void map_wish(struct machine *m, const struct monitor_map *map)
{
    const uint64_t top = STACK_PAGES * ABI_PAGE_SIZE;

    if (map->phys) {
        map_fixed(m, map->addr, map->phys, map->len_bytes, map->prot);
        return;
    }
    set(m, map->addr, map->len_bytes, VM_ORIGIN(VM_ANON, map->prot, 0));
    give_zeroes(m, map->addr + map->len_bytes - top, top);
}

static void map_wishes(struct machine *m)
{
    const struct monitor_map *map = ram(m, m->note.maps, sizeof(*map));

    for (; map->len_bytes; map++)
        map_wish(m, map);
    map_fixed(m, MONITOR_PAGE_AT, GPA_MONITOR, ABI_PAGE_SIZE, READ);
    map_fixed(m, MONITOR_HEADER_AT, GPA_BUNDLE, ABI_PAGE_SIZE, READ);
    map_fixed(m, MONITOR_IO_AT, GPA_IO, MONITOR_IO_BYTES, READ | WRITE);
}

/* ---- the kernel -----------------------------------------------------------
 */

static uint64_t segment_prot(const struct elf64_phdr *ph)
{
    return (ph->p_flags & ELF_PF_R ? ABI_PROT_READ : 0u) |
           (ph->p_flags & ELF_PF_W ? ABI_PROT_WRITE : 0u) |
           (ph->p_flags & ELF_PF_X ? ABI_PROT_EXEC : 0u);
}

/* As ring3/load.c does: the file's own pages, zeroes behind. */
static void map_segment(struct machine *m, const struct elf64_phdr *ph,
                        uint64_t file_off, bool roomy)
{
    uint64_t base = ph->p_vaddr & -ABI_PAGE_SIZE;
    uint64_t bytes = ph->p_vaddr + ph->p_filesz - base;
    uint64_t mapped = page_up(bytes), prot = segment_prot(ph);
    uint64_t end = page_up(ph->p_vaddr + ph->p_memsz);
    uint64_t origin =
        VM_ORIGIN(VM_FILE, prot, file_off + (ph->p_offset & -ABI_PAGE_SIZE));

    set(m, base, mapped, origin);
    if (!(prot & ABI_PROT_WRITE)) {
        show_file(m, base, mapped, origin);
        return;
    }
    give_copy(m, base, bytes, origin);
    set(m, base + mapped, end - base - mapped, VM_ORIGIN(VM_ANON, prot, 0));
    if (roomy)
        give_zeroes(m, base + mapped, end - base - mapped);
}

static void map_kernel(struct machine *m, const struct bundle_part *part,
                       bool roomy)
{
    const uint8_t *file = bundle_bytes(m, part->off, part->len_bytes);
    const struct elf64_ehdr *eh = (const void *)file;
    const struct elf64_phdr *phs;
    struct elf_span span;

    if (!part->len_bytes || elf_check_header(file, part->len_bytes))
        die("the kernel's file is not an ELF program for x86-64");
    phs = (const void *)(file + eh->e_phoff);
    if (elf_check_loads(phs, eh->e_phnum, part->len_bytes, &span) ||
        span.lo < ABI_KERNEL_BASE ||
        span.hi > ABI_CONFIG_BASE - ABI_SIDECAR_NEAR)
        die("the kernel's file cannot be loaded where it was linked for");
    for (uint32_t i = 0; i < eh->e_phnum; i++)
        if (phs[i].p_type == ELF_PT_LOAD)
            map_segment(m, &phs[i], part->off, roomy);
    m->page->kernel_entry = eh->e_entry;
    m->page->kernel_base = span.lo;
    m->page->kernel_bytes = span.hi - span.lo;
}

/* ---- its windows -----------------------------------------------------------
 */

/* What lies under one page table with the image's beginning is shown at once.
 */
static void map_part(struct machine *m, const struct bundle_part *part,
                     uint64_t addr)
{
    uint64_t origin = VM_ORIGIN(VM_FILE, READ, part->off);
    uint64_t len = page_up(part->len_bytes);
    uint64_t end = (ABI_IMAGE_BASE | (span(1) - 1)) + 1;

    set(m, addr, len, origin);
    if (addr < end)
        show_file(m, addr, len < end - addr ? len : end - addr, origin);
}

static void map_windows(struct machine *m, const struct bundle_header *h,
                        bool roomy)
{
    const uint64_t rw = READ | WRITE;

    if (h->config.len_bytes > ABI_CONFIG_MAX)
        die("the configuration is larger than %u bytes", ABI_CONFIG_MAX);
    map_part(m, &h->config, ABI_CONFIG_BASE);
    map_part(m, &h->image, ABI_IMAGE_BASE);
    map_part(m, &h->sidecar, ABI_SIDECAR_AT(h->sidecar.len_bytes));
    set(m, ABI_HEAP_BASE, ABI_HEAP_MAX, VM_ORIGIN(VM_ANON, rw, 0));
    set(m, ABI_SHM_BASE, ABI_SHM_MAX, VM_ORIGIN(VM_WINDOW, rw, 0));
    give_zeroes(m, ABI_HEAP_BASE,
                roomy ? ROOMY_HEAP_PAGES * ABI_PAGE_SIZE : ABI_HEAP_FIRST);
}

static void make_shadows(struct machine *m, uint64_t mem_bytes)
{
    uint64_t top = mem_bytes > GPA_RAM_HOLE
                       ? GPA_HIGH + mem_bytes - GPA_RAM_HOLE
                       : mem_bytes;
    uint64_t bytes = page_up(top / ABI_PAGE_SIZE * sizeof(*shadows));
    uint64_t gpa = take(m, bytes / ABI_PAGE_SIZE);
    uint64_t *place = ram(m, m->note.shadows, sizeof(*place));

    shadows = ram(m, gpa, bytes);
    *place = MONITOR_DIRECT_MAP + gpa;
}

void prepare(struct machine *m, uint64_t mem_bytes)
{
    const struct bundle_header *h =
        (const void *)bundle_bytes(m, 0, sizeof(*h));
    bool roomy = mem_bytes >= roomy_bytes;

    if (!m->note.maps)
        return;
    make_shadows(m, mem_bytes);
    map_wishes(m);
    map_kernel(m, &h->kernel, roomy);
    map_windows(m, h, roomy);
}
