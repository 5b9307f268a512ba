/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The book of mappings: a tree by address that also knows the free gaps. No
 * platform call is made here. Internal to kernel/mm.
 */
#ifndef EINKORN_KERNEL_MM_VMA_H
#define EINKORN_KERNEL_MM_VMA_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/rbtree.h"

struct backing;

enum { VMA_MAX = 65530, VMA_NO_SEG = UINT32_MAX };

struct vma {
    struct rb_node node;
    uint64_t start, end;
    uint64_t gap;     /* free bytes in front of it */
    uint64_t max_gap; /* largest gap in this subtree */
    /* The platform has mapped [start, filled); the rest is not there yet:
     * never accessible so far, or beyond the end of the file. */
    uint64_t filled;
    struct backing *backing; /* NULL: anonymous */
    uint64_t off;            /* in the backing */
    const char *name;        /* constant, or NULL */
    int prot;                /* PROT_* */
    int flags;               /* MAP_SHARED, MAP_PRIVATE, MAP_GROWSDOWN ... */
    bool touched;            /* was writable since it was mapped */
    bool was_exec;           /* was executable: shows patched text, if any */
    bool deny_write;         /* PROT_WRITE is refused */
    bool soon;               /* to be written right after it is filled */
    bool no_dump;            /* MADV_DONTDUMP: not in core files */
    /* Not the program's: trampolines of sidecar segment `seg` for text at
     * `anchor`, or (VMA_NO_SEG) room kept for them behind `anchor`. */
    bool hidden;
    uint32_t seg;
    uint64_t anchor;
};

/* The first one that ends above addr, or NULL. */
struct vma *vma_find(uint64_t addr);
struct vma *vma_next(const struct vma *v);
struct vma *vma_prev(const struct vma *v);
/* The first one that overlaps [start, end), or NULL. */
struct vma *vma_overlap(uint64_t start, uint64_t end);

/* Enters a copy of *proto (its range must be free) and takes a reference on
 * the backing; NULL when out of memory or above VMA_MAX. */
struct vma *vma_insert(const struct vma *proto);
/* Takes it out, drops the backing's reference and frees it. */
void vma_erase(struct vma *v);
/* Cuts at addr (inside v); the upper part is returned, NULL as above. */
struct vma *vma_split(struct vma *v, uint64_t addr);
/* Moves the end of v into the free gap behind it, or back. */
void vma_set_end(struct vma *v, uint64_t end);
/* Moves the start of v (and its offset) down into the gap in front of it. */
void vma_set_start(struct vma *v, uint64_t start);
void vma_set_prot(struct vma *v, int prot);
void vma_set_name(struct vma *v, const char *name); /* a constant string */
/* Joins v with equal neighbours; returns what v has become part of. */
struct vma *vma_merge(struct vma *v);

/* Highest (or lowest) address of a free range of len bytes in [lo, hi); 0 if
 * there is none. All page-aligned. */
uint64_t vma_gap_down(uint64_t len_bytes, uint64_t lo, uint64_t hi);
uint64_t vma_gap_up(uint64_t len_bytes, uint64_t lo, uint64_t hi);

/* Sum of all lengths, hidden ones excepted. */
uint64_t vma_total_bytes(void);
/* How many more may be made. */
uint32_t vma_room(void);

#endif
