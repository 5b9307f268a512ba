/* SPDX-License-Identifier: BSD-2-Clause */
/* See gva.h. Tables are the guest's: an address out of them is a host pointer
 * only through gmem_ptr(), and a walk has four steps whatever they say. */
#include "tender/kvm/gva.h"

#include <string.h>

#include "abi/origin.h"

enum { PAGE_BYTES = 4096 };

static uint8_t *memory(const struct machine *m, uint64_t gpa, uint64_t len)
{
    uint8_t *at = gmem_ptr(&m->gmem, gpa, len);

    return at ? at : gmem_ptr(&m->rom, gpa, len);
}

static uint64_t word(const struct machine *m, uint64_t gpa)
{
    uint64_t value = 0;
    const uint8_t *at = gmem_ptr(&m->gmem, gpa, sizeof(value));

    if (at)
        memcpy(&value, at, sizeof(value));
    return value;
}

/* Where a table's shadow lies, or 0. */
static uint64_t shadow_of(const struct machine *m, uint64_t table)
{
    uint64_t numbers = word(m, m->note.shadows) - MONITOR_DIRECT_MAP;
    uint64_t at = numbers + table / PAGE_BYTES * sizeof(uint32_t);

    if (!m->note.shadows)
        return 0;
    return (word(m, at & ~UINT64_C(7)) >> at % 8 * 8 & UINT32_MAX) * PAGE_BYTES;
}

/* A page that nobody touched; NULL: no file's. */
static uint8_t *untouched(const struct machine *m, uint64_t origin,
                          bool *is_zero)
{
    *is_zero = origin_kind(origin) == VM_ANON;
    if (origin_kind(origin) != VM_FILE)
        return NULL;
    return memory(m, GPA_BUNDLE + origin_offset(origin), PAGE_BYTES);
}

/* The page that holds addr, or NULL; *is_zero: it would be one of zeroes. */
static uint8_t *find_page(const struct machine *m, uint64_t cr3, uint64_t addr,
                          bool *is_zero)
{
    uint64_t table = cr3 & PTE_ADDR, origin = 0;
    uint64_t shadow = table == m->note.pml4 ? m->note.top_shadow : 0;

    *is_zero = false;
    for (int level = TOP_LEVEL;; level--) {
        uint32_t i = table_index(addr, level);
        uint64_t entry = word(m, table + i * 8);
        uint64_t own = shadow ? word(m, shadow + i * 8) : 0;

        if (own)
            origin = own == ORIGIN_HOLE ? 0 : own;
        else if (origin)
            origin = origin_advance(origin, i * span(level));
        if (!(entry & PTE_P) && (level || !(entry & PTE_ADDR)))
            return untouched(
                m, origin_advance(origin, addr & (span(level) - 1) & PTE_ADDR),
                is_zero);
        if (level == 0 || (level < 3 && entry & PTE_LARGE))
            return memory(m,
                          (entry & PTE_ADDR & -span(level)) +
                              (addr & (span(level) - 1) & PTE_ADDR),
                          PAGE_BYTES);
        table = entry & PTE_ADDR;
        shadow = shadow_of(m, table);
    }
}

/* Bytes of [addr, addr + len) that lie in addr's page. */
static uint64_t in_page(uint64_t addr, uint64_t len)
{
    uint64_t left = PAGE_BYTES - addr % PAGE_BYTES;

    return len < left ? len : left;
}

uint64_t gva_read(const struct machine *m, uint64_t cr3, uint64_t addr,
                  void *to, uint64_t len_bytes)
{
    uint64_t done = 0;

    while (done < len_bytes) {
        uint64_t n = in_page(addr + done, len_bytes - done);
        bool is_zero;
        const uint8_t *page = find_page(m, cr3, addr + done, &is_zero);

        if (page)
            memcpy((uint8_t *)to + done, page + (addr + done) % PAGE_BYTES, n);
        else if (is_zero)
            memset((uint8_t *)to + done, 0, n);
        else
            break;
        done += n;
    }
    return done;
}

uint64_t gva_write(const struct machine *m, uint64_t cr3, uint64_t addr,
                   const void *from, uint64_t len_bytes)
{
    uint64_t done = 0;

    while (done < len_bytes) {
        uint64_t n = in_page(addr + done, len_bytes - done);
        bool is_zero;
        uint8_t *page = find_page(m, cr3, addr + done, &is_zero);

        if (!page)
            break;
        memcpy(page + (addr + done) % PAGE_BYTES, (const uint8_t *)from + done,
               n);
        done += n;
    }
    return done;
}
