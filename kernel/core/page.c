/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs of pages in the heap arena. Free runs hang in lists by the logarithm
 * of their length and merge with their neighbours; the arena grows at `top`.
 * Free memory goes back to the host once enough of it has gathered.
 */
#include "kernel/core/page.h"

#include "abi/layout.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cpu.h"
#include "kernel/core/log.h"

enum {
    NR_ORDERS = 32,
    SCAN_MAX = 16,          /* runs looked at in the list of the exact order */
    GIVE_BACK_PAGES = 4096, /* dirty free pages that start a batch ... */
    GIVE_BACK_MIN = 16,     /* ... of runs at least this long */
    FIRST = ABI_PAGE_SIZE / sizeof(struct page), /* described by page 0 */
};

_Static_assert(ABI_HEAP_FIRST <= FIRST * ABI_PAGE_SIZE, "page");

static struct {
    uint64_t base;
    struct page *first;  /* descriptors of the first pages ... */
    struct page *others; /* ... and of those behind, both from number 0 on */
    uint32_t nr_own;     /* pages of those others' descriptors */
    uint32_t nr, top;    /* pages of the arena; first never used */
    uint32_t used, max_used;
    uint32_t nr_dirty;
    uint32_t free[NR_ORDERS];
} arena;

void pages_init(void)
{
    const struct abi_range *heap = &platform.boot->heap;
    uint64_t nr = heap->len_bytes / ABI_PAGE_SIZE;
    uint64_t limit = platform.boot->mem_limit_bytes / ABI_PAGE_SIZE;
    uint64_t own = 0;

    if (nr < 64 || nr > UINT32_MAX)
        panic("heap arena of %lu pages", nr);
    if (nr > FIRST)
        own = ((nr - FIRST) * sizeof(struct page) + ABI_PAGE_SIZE - 1) /
              ABI_PAGE_SIZE;
    if (nr <= FIRST + own) {
        nr = nr < FIRST ? nr : FIRST;
        own = 0;
    }
    arena.base = heap->base;
    /* Page 0 describes itself and the first pages, which all that a start
     * needs comes from; behind them lie the others' descriptors. */
    arena.first = (struct page *)heap->base;
    arena.others = (struct page *)(heap->base + FIRST * ABI_PAGE_SIZE) - FIRST;
    arena.nr_own = (uint32_t)own;
    arena.nr = (uint32_t)nr;
    arena.top = 1;
    arena.max_used = limit && limit < nr ? (uint32_t)limit : (uint32_t)nr;
}

struct page *page_of(uint32_t number)
{
    return (number < FIRST ? arena.first : arena.others) + number;
}

uint32_t page_number(const void *addr)
{
    return (uint32_t)(((uint64_t)addr - arena.base) / ABI_PAGE_SIZE);
}

void *page_address(uint32_t number)
{
    return (void *)(arena.base + (uint64_t)number * ABI_PAGE_SIZE);
}

void page_link(uint32_t *head, uint32_t number)
{
    struct page *p = page_of(number);

    p->prev = 0;
    p->next = *head;
    if (*head)
        page_of(*head)->prev = number;
    *head = number;
}

void page_unlink(uint32_t *head, uint32_t number)
{
    struct page *p = page_of(number);

    if (p->prev)
        page_of(p->prev)->next = p->next;
    else
        *head = p->next;
    if (p->next)
        page_of(p->next)->prev = p->prev;
}

static uint32_t order_of(uint32_t len)
{
    return 31 - (uint32_t)__builtin_clz(len);
}

static void add_free(uint32_t first, uint32_t len, bool dirty)
{
    struct page *p = page_of(first), *last = page_of(first + len - 1);

    last->kind = PAGE_FREE;
    last->len = len;
    p->kind = PAGE_FREE;
    p->len = len;
    p->dirty = dirty;
    if (dirty)
        arena.nr_dirty += len;
    page_link(&arena.free[order_of(len)], first);
}

static void remove_free(uint32_t first)
{
    struct page *p = page_of(first);

    page_unlink(&arena.free[order_of(p->len)], first);
    if (p->dirty)
        arena.nr_dirty -= p->len;
    page_of(first + p->len - 1)->kind = PAGE_UNUSED;
    p->kind = PAGE_UNUSED;
}

/* Any run of a higher order fits; in the exact order look at a few. */
static uint32_t find_free(uint32_t nr_pages)
{
    uint32_t order = order_of(nr_pages), n = arena.free[order];

    for (int i = 0; n && i < SCAN_MAX; i++, n = page_of(n)->next)
        if (page_of(n)->len >= nr_pages)
            return n;
    while (++order < NR_ORDERS)
        if (arena.free[order])
            return arena.free[order];
    return 0;
}

static uint32_t take_free(uint32_t nr_pages, bool *dirty)
{
    uint32_t first = find_free(nr_pages), len;

    if (!first)
        return 0;
    len = page_of(first)->len;
    *dirty = page_of(first)->dirty;
    remove_free(first);
    if (len > nr_pages)
        add_free(first + nr_pages, len - nr_pages, *dirty);
    return first;
}

/* What is left of the first pages is free, behind the descriptors it goes
 * on. */
static void pass_descriptors(void)
{
    if (arena.top < FIRST)
        add_free(arena.top, FIRST - arena.top, false);
    arena.top = FIRST + arena.nr_own;
}

static uint32_t take_top(uint32_t nr_pages)
{
    uint32_t first;

    if (arena.top <= FIRST && nr_pages > FIRST - arena.top && arena.nr_own)
        pass_descriptors();
    first = arena.top;
    if (nr_pages > arena.nr - arena.top)
        return 0;
    arena.top += nr_pages;
    return first;
}

uint32_t pages_take(uint32_t nr_pages, enum page_kind kind)
{
    bool dirty = false;
    uint32_t first;

    if (nr_pages == 0 || nr_pages > arena.max_used - arena.used)
        return 0;
    first = take_free(nr_pages, &dirty);
    if (!first)
        first = take_top(nr_pages);
    if (!first)
        return 0;
    arena.used += nr_pages;
    *page_of(first) =
        (struct page){.kind = (uint8_t)kind, .len = nr_pages, .dirty = dirty};
    return first;
}

static void give_back(void)
{
    for (uint32_t order = order_of(GIVE_BACK_MIN); order < NR_ORDERS; order++) {
        for (uint32_t n = arena.free[order]; n; n = page_of(n)->next) {
            struct page *p = page_of(n);

            if (!p->dirty ||
                platform.ops.mem_discard((uint64_t)page_address(n),
                                         (uint64_t)p->len * ABI_PAGE_SIZE) < 0)
                continue;
            p->dirty = false;
            arena.nr_dirty -= p->len;
        }
    }
}

void pages_give(uint32_t first, uint32_t nr_pages)
{
    const struct page *after = page_of(first + nr_pages);
    const struct page *before = page_of(first - 1);

    arena.used -= nr_pages;
    page_of(first)->kind = PAGE_UNUSED;
    if (first + nr_pages < arena.top && after->kind == PAGE_FREE) {
        uint32_t len = after->len;

        remove_free(first + nr_pages);
        nr_pages += len;
    }
    if (before->kind == PAGE_FREE) {
        uint32_t len = before->len;

        remove_free(first - len);
        first -= len;
        nr_pages += len;
    }
    add_free(first, nr_pages, true);
    if (arena.nr_dirty >= GIVE_BACK_PAGES)
        give_back();
}

size_t alloc_used_bytes(void)
{
    return (size_t)arena.used * ABI_PAGE_SIZE;
}
