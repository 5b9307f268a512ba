/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptors of the heap arena's pages: shared by the page allocator
 * (page.c) and the size classes above it (alloc.c).
 */
#ifndef EINKORN_KERNEL_CORE_PAGE_H
#define EINKORN_KERNEL_CORE_PAGE_H

#include <stdint.h>

enum page_kind {
    PAGE_UNUSED = 0, /* never given out, or inside a run */
    PAGE_FREE,       /* first and last page of a free run */
    PAGE_RUN,        /* first page of a run given out */
    PAGE_SLAB,       /* first page of a slab */
    PAGE_SLAB_TAIL,  /* its other pages: len = distance to the first */
};

/* Links are page numbers; 0 is none, since the descriptors own page 0. */
struct page {
    uint32_t len;        /* pages of the run */
    uint32_t next, prev; /* free runs of one order, slabs with free objects */
    uint16_t free;       /* slab: first free object in 16 bytes, or NO_OBJECT */
    uint16_t used;       /* slab: objects given out */
    uint8_t kind, class;
    uint16_t dirty;    /* some page may not be zero any more */
    uint32_t uncarved; /* slab: offset of what was never given out */
};

_Static_assert(sizeof(struct page) == 24, "page");

void pages_init(void);
struct page *page_of(uint32_t number);
uint32_t page_number(const void *addr);
void *page_address(uint32_t number);
/* First page of a run of this kind, 0 when out of memory. */
uint32_t pages_take(uint32_t nr_pages, enum page_kind kind);
void pages_give(uint32_t first, uint32_t nr_pages);

/* A doubly linked list through descriptors. */
void page_link(uint32_t *head, uint32_t number);
void page_unlink(uint32_t *head, uint32_t number);

#endif
