/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of kernel/mm share: filling ranges in through the platform,
 * clearing them, and the rules on what may be mapped at all.
 */
#ifndef EINKORN_KERNEL_MM_SPACE_H
#define EINKORN_KERNEL_MM_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/layout.h"

struct backing;
struct backing_view;
struct vma;

enum { PROT_MASK = 7 };

static inline uint64_t page_down(uint64_t addr)
{
    return addr & ~(ABI_PAGE_SIZE - 1);
}

static inline uint64_t page_up(uint64_t addr)
{
    return page_down(addr + ABI_PAGE_SIZE - 1);
}

/* Page-aligned start, len rounded up to whole pages, all below the top: true
 * and *end. False for anything else, also for len 0. */
bool space_range(uint64_t addr, size_t len_bytes, uint64_t *end);

/* How far the platform could map v now: its end, or the end of the object. */
uint64_t space_limit(const struct vma *v);
/* What the platform shows of v in [start, end). */
struct backing_view space_view(const struct vma *v, uint64_t start,
                               uint64_t end);
/* Has the platform map all of v that exists and is not there yet, if v is
 * accessible at all. 0 or -errno. */
int space_fill(struct vma *v);

/* Removes whatever is in the range from the book, and from the platform if
 * `release` is set (otherwise the caller maps something over all of it).
 * Trampolines that lose their text go too. 0 or -ENOMEM, then nothing has
 * changed. */
int space_clear(uint64_t start, uint64_t end, bool release);
/* Has the object (NULL: nothing) ready for mm_map; may block. */
int space_prepare(struct backing *b, uint64_t off, uint64_t len);
/* Makes start and end borders between mappings. 0 or -ENOMEM. */
int space_cut(uint64_t start, uint64_t end);
/* Writes shared mappings with a sync operation back; lasting: see there. May
 * block. */
int space_sync(uint64_t start, uint64_t end, bool lasting);

/* Where to put len bytes (plus tail) that may go anywhere: 0 if there is no
 * room. flags: MAP_32BIT. */
uint64_t space_find(uint64_t hint, uint64_t len_bytes, int flags);

/* May a mapping of b (never writable before: pristine) have prot? 0, or
 * -EACCES by the rules on executable memory. */
int space_check_exec(const struct backing *b, int prot, bool pristine);
/* Bytes that a mapping which grows downwards may have. */
uint64_t space_stack_limit(void);
/* May len more bytes be mapped? 0 or -ENOMEM. */
int space_check_limits(uint64_t len_bytes, int prot, int flags);

#endif
