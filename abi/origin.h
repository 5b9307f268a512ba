/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How platform "vm" writes down what an address is meant to hold: between its
 * two halves, and for the own monitor's debugger (abi/monitor.h).
 *
 * Each page table has a shadow, a page of such words beside it. An entry
 * without a child table speaks for its whole span; a zero in the shadow means
 * "as the parent's entry says".
 */
#ifndef EINKORN_ABI_ORIGIN_H
#define EINKORN_ABI_ORIGIN_H

#include <stdint.h>

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

#endif
