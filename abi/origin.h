/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How platform "vm" writes down what an address is meant to hold: between its
 * two halves, and for the own monitor, which fills in what every start needs
 * (abi/monitor.h), and its debugger.
 *
 * Each page table has a shadow, a page of such words beside it. An entry
 * without a child table speaks for its whole span; a zero in the shadow means
 * "as the parent's entry says".
 */
#ifndef EINKORN_ABI_ORIGIN_H
#define EINKORN_ABI_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/layout.h"
#include "abi/platform.h"

/*
 * Where a range's content comes from: kind, protection (ABI_PROT_*) and the
 * page-aligned offset in the source, in one word. Zero is "not mapped".
 */
enum vm_kind {
    VM_NONE = 0,
    VM_ANON = 1,    /* zeroed on first touch */
    VM_FILE = 2,    /* the bundle, copy-on-write */
    VM_SHARED = 3,  /* the shareable object */
    VM_PRIVATE = 4, /* the shareable object, copy-on-write */
    VM_WINDOW = 5,  /* the kernel's window on the object: owns its pages */
    VM_FIXED = 6,   /* ring-3 part, MMIO, DMA: never touched again */
};

enum { VM_KIND_SHIFT = 4, VM_PROT_MASK = 7 };

#define VM_ORIGIN(kind, prot, off)                                             \
    ((uint64_t)(kind) << VM_KIND_SHIFT | (uint64_t)(prot) | (uint64_t)(off))
#define VM_OFF_MASK UINT64_C(0x000ffffffffff000)

/* In a shadow: not mapped, whatever the parent says. */
#define ORIGIN_HOLE UINT64_C(8)

static inline enum vm_kind origin_kind(uint64_t origin)
{
    return (enum vm_kind)(origin >> VM_KIND_SHIFT & 0xf);
}

static inline uint64_t origin_offset(uint64_t origin)
{
    return origin & VM_OFF_MASK;
}

/* The origin of what lies delta bytes further on. */
static inline uint64_t origin_advance(uint64_t origin, uint64_t delta)
{
    enum vm_kind kind = origin_kind(origin);

    return kind >= VM_FILE && kind <= VM_WINDOW ? origin + delta : origin;
}

/* ---- entries of page tables (AMD64 manual, volume 2, 5.3) --------------- */

#define PTE_P UINT64_C(1)
#define PTE_W UINT64_C(2)
#define PTE_U UINT64_C(4)
#define PTE_PCD UINT64_C(0x10)
#define PTE_A UINT64_C(0x20)
#define PTE_D UINT64_C(0x40)
#define PTE_LARGE UINT64_C(0x80)
#define PTE_OWNED UINT64_C(0x200) /* the page is freed with the entry */
#define PTE_NX (UINT64_C(1) << 63)
#define PTE_TABLE (PTE_P | PTE_W | PTE_U | PTE_A)
#define PTE_ADDR UINT64_C(0x000ffffffffff000)

enum { TOP_LEVEL = 3, NR_ENTRIES = 512 };

/* What one entry spans; the top-level table's level is TOP_LEVEL. */
static inline uint64_t span(int level)
{
    return ABI_PAGE_SIZE << (9 * level);
}

static inline uint32_t table_index(uint64_t addr, int level)
{
    return addr >> (12 + 9 * level) & (NR_ENTRIES - 1);
}

/* A leaf entry for this page, with the rights that the origin allows now. It
 * counts as touched, so that nobody has to write that into it. */
static inline uint64_t pte_make(uint64_t page, uint64_t origin, bool owned)
{
    uint64_t pte = page | (owned ? PTE_OWNED : 0);
    bool writable = owned || origin_kind(origin) == VM_SHARED;

    if (!(origin & VM_PROT_MASK))
        return pte;
    if (origin & ABI_PROT_WRITE && writable)
        pte |= PTE_W | PTE_D;
    if (!(origin & ABI_PROT_EXEC))
        pte |= PTE_NX;
    return pte | PTE_P | PTE_U | PTE_A;
}

/* The same for a page that stays where it is, whoever unmaps it. */
static inline uint64_t pte_make_fixed(uint64_t page, uint64_t prot)
{
    return pte_make(page, VM_ORIGIN(VM_FIXED, prot, 0), true) & ~PTE_OWNED;
}

#endif
