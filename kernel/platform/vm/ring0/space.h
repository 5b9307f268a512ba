/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shape of the address space, for space.c and fault.c.
 *
 * Each page table has a shadow of the same shape that says what each entry
 * is *meant* to hold (VM_ORIGIN). An entry without a child table describes
 * its whole span, so that reserving terabytes costs a few words; a child is
 * made when a part of the span becomes different, or is touched. A new child
 * is all zeroes: a zero in its shadow means "as the parent's entry says", so
 * nothing is filled in that nobody asks for.
 */
#ifndef EINKORN_VM_SPACE_H
#define EINKORN_VM_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/origin.h"
#include "kernel/platform/vm/ring0/shim.h"

#pragma GCC visibility push(hidden)

struct table {
    uint64_t *pte;
    uint64_t *shadow;
    uint64_t base; /* the parent's origin: that of entry 0 if its shadow is 0 */
};

/* One entry, the place of its shadow, and its origin, found out. */
struct slot {
    uint64_t *pte;
    uint64_t *shadow;
    uint64_t origin;
};

struct table space_top(void);

static inline bool table_has_child(struct table t, uint32_t i)
{
    return t.pte[i] & PTE_P;
}

/* What entry i, at `level`, is meant to hold; 0: nothing. */
static inline uint64_t table_origin(struct table t, uint32_t i, int level)
{
    uint64_t own = t.shadow[i];

    if (own)
        return own == ORIGIN_HOLE ? 0 : own;
    return t.base ? origin_advance(t.base, i * span(level)) : 0;
}

/* By the processor's own loop: see are_zero() in space.c. */
static inline void words_fill(uint64_t *words, uint64_t nr, uint64_t value)
{
    __asm__ volatile("rep stosq"
                     : "+D"(words), "+c"(nr)
                     : "a"(value)
                     : "memory");
}

static inline void table_set_origin(struct table t, uint32_t i, uint64_t origin)
{
    t.shadow[i] = origin ? origin : ORIGIN_HOLE;
}

/* The page number of each table's shadow, by the table's page number; the
 * top-level table's shadow is space_top_shadow. */
extern uint32_t *space_shadows;
extern uint64_t space_top_shadow[NR_ENTRIES];

static inline struct table table_child(struct table t, uint32_t i, int level)
{
    phys_t child = t.pte[i] & PTE_ADDR;

    return (struct table){
        phys_to_virt(child),
        phys_to_virt(space_shadows[child / PAGE_SIZE] * PAGE_SIZE),
        table_origin(t, i, level)};
}

/* A step of a walk over [lo, hi): the part of it that lies in one entry. */
struct part {
    uint32_t i;
    uint64_t lo, hi;
    bool whole;
};

static inline struct part table_part(uint64_t lo, uint64_t hi, int level)
{
    uint64_t base = lo & -span(level);
    uint64_t end = base + span(level);

    return (struct part){table_index(lo, level), lo, hi < end ? hi : end,
                         lo == base && hi >= end};
}

/* Splits entry i into a table of the next lower level, unless it is one.
 * False: no memory. */
bool table_make_child(struct table t, uint32_t i);

/* A present entry was changed: the processor may remember the old one. */
extern bool space_stale;
/* Forgets what it remembers of this range, if space_stale. */
void space_flush(uint64_t addr, uint64_t len_bytes);

/* The lowest table for addr, made if it is missing; the last one is remembered,
 * since the next is often near. touch: where something may be touched only,
 * otherwise NULL, and the instance ends if there is no memory. Otherwise NULL:
 * no memory. */
const struct table *space_leaf(uint64_t addr, bool touch);
/* Tables change: what is remembered of them holds no more. */
void space_forget(void);
/* The same if it is the one that is remembered, otherwise NULL. */
const struct table *space_leaf_again(uint64_t addr);

enum { AROUND_PAGES = 16 }; /* that come together */

/* Fills nr empty entries with the bundle's pages, text and what is few, so that
 * nobody has to touch them. What is few and will be written is copied now where
 * a fault costs more than that. */
void fault_show_file(uint64_t *pte, uint32_t nr, uint64_t origin);

/* Empties a leaf entry: frees the page, or the claim on a shared one. */
void pte_drop(uint64_t *pte, uint64_t origin);

/* The entry for addr at `level`; pte NULL: a table on the way is missing, or,
 * with create, there is no memory for it. */
struct slot space_walk(uint64_t addr, int level, bool create);
/* What addr is meant to hold. */
uint64_t space_origin(uint64_t addr);

/* The shareable object's page at offset; 0: none yet (create: no memory). */
phys_t window_page(uint64_t offset, bool create);
/* One more or one less program address maps that page. */
void window_count(uint64_t offset, int change);

/* boot.S: the top-level table, and those that hold the direct map. */
extern uint64_t space_pml4[NR_ENTRIES], boot_pdpt[NR_ENTRIES];
extern uint64_t boot_pd[4 * NR_ENTRIES], shim_pdpt[NR_ENTRIES];
extern uint64_t shim_pd[NR_ENTRIES], shim_pt[NR_ENTRIES];

#pragma GCC visibility pop

#endif
