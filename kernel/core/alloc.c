/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Size classes over page runs. A slab is a run of one or four pages cut into
 * equal objects; free objects are chained through their first bytes. Larger
 * requests are runs of their own, hence page-aligned.
 */
#include "kernel/core/alloc.h"

#include "abi/layout.h"
#include "kernel/core/log.h"
#include "kernel/core/page.h"
#include "lib/list.h"
#include "lib/string.h"

enum {
    UNIT = 16,
    NO_OBJECT = 0xffff,
    OBJECT_MAX = 2048,
    SMALL_MAX = 256,
    BORROW_MAX = 8,   /* objects of a class that lie in larger classes' slabs */
    BORROW_RATIO = 16 /* ... which are at most so many times larger */
};

static const uint16_t sizes[] = {16,  32,  48,  64,  96,   128,  192,
                                 256, 384, 512, 768, 1024, 1536, 2048};

/* First slab with a free object, for each class. */
static uint32_t partial[ARRAY_LEN(sizes)];
static uint8_t borrowed[ARRAY_LEN(sizes)];

void alloc_init(void)
{
    pages_init();
}

/* Up to 64 in steps of 16, from there two classes for each power of two. */
static uint32_t class_of(size_t len_bytes)
{
    uint32_t last = len_bytes ? (uint32_t)len_bytes - 1 : 0, log2;

    if (last < 64)
        return last / UNIT;
    log2 = 31 - (uint32_t)__builtin_clz(last);
    return 4 + (log2 - 6) * 2 + (last >> (log2 - 1) & 1);
}

static uint32_t slab_pages(uint32_t class)
{
    return sizes[class] <= SMALL_MAX ? 1 : 4;
}

static uint32_t slab_new(uint32_t class)
{
    uint32_t nr = slab_pages(class), n = pages_take(nr, PAGE_SLAB);
    struct page *p;

    if (!n)
        return 0;
    p = page_of(n);
    p->class = (uint8_t) class;
    p->free = NO_OBJECT;
    for (uint32_t i = 1; i < nr; i++)
        *page_of(n + i) = (struct page){.kind = PAGE_SLAB_TAIL, .len = i};
    page_link(&partial[class], n);
    return n;
}

/* The first few objects of a class go into a larger one's slab, if that has
 * room: many classes are hardly used, and a page costs the host 2 us. */
static uint32_t slab_borrow(uint32_t class)
{
    uint32_t max = (uint32_t)sizes[class] * BORROW_RATIO;

    if (borrowed[class] == BORROW_MAX)
        return 0;
    for (uint32_t c = class + 1; c < ARRAY_LEN(sizes) && sizes[c] <= max; c++) {
        if (partial[c]) {
            borrowed[class]++;
            return partial[c];
        }
    }
    return 0;
}

static bool slab_full(const struct page *p)
{
    uint32_t size = sizes[p->class];

    return p->free == NO_OBJECT &&
           p->uncarved + size > slab_pages(p->class) * ABI_PAGE_SIZE;
}

/* *zeroed: the object was never used, nor were its pages. */
static void *slab_take(uint32_t n, bool *zeroed)
{
    struct page *p = page_of(n);
    char *base = page_address(n), *object;

    if (p->free != NO_OBJECT) {
        object = base + p->free * UNIT;
        p->free = *(uint16_t *)object;
        *zeroed = false;
    } else {
        *zeroed = !p->dirty;
        object = base + p->uncarved;
        p->uncarved += sizes[p->class];
    }
    p->used++;
    if (slab_full(p))
        page_unlink(&partial[p->class], n);
    return object;
}

static void slab_give(uint32_t n, void *object)
{
    struct page *p = page_of(n);
    bool was_full = slab_full(p);

    *(uint16_t *)object = p->free;
    p->free = (uint16_t)(((char *)object - (char *)page_address(n)) / UNIT);
    p->used--;
    if (was_full)
        page_link(&partial[p->class], n);
    /* Keep the last slab of a class: it will be wanted again. */
    if (p->used == 0 && (p->next || p->prev)) {
        page_unlink(&partial[p->class], n);
        for (uint32_t i = 1; i < p->len; i++)
            page_of(n + i)->kind = PAGE_UNUSED;
        pages_give(n, p->len);
    }
}

void *page_alloc(size_t nr_pages)
{
    uint32_t n;

    if (nr_pages > UINT32_MAX)
        return NULL;
    n = pages_take((uint32_t)nr_pages, PAGE_RUN);
    return n ? page_address(n) : NULL;
}

void page_free(void *page, size_t nr_pages)
{
    uint32_t n = page_number(page);

    assert(page_of(n)->kind == PAGE_RUN && page_of(n)->len == nr_pages);
    pages_give(n, (uint32_t)nr_pages);
}

static void *take(size_t len_bytes, bool *zeroed)
{
    uint32_t class, n;

    if (len_bytes > OBJECT_MAX) {
        void *run = page_alloc(len_bytes / ABI_PAGE_SIZE +
                               (len_bytes % ABI_PAGE_SIZE != 0));

        *zeroed = run && !page_of(page_number(run))->dirty;
        return run;
    }
    class = class_of(len_bytes);
    n = partial[class];
    if (!n)
        n = slab_borrow(class);
    if (!n)
        n = slab_new(class);
    return n ? slab_take(n, zeroed) : NULL;
}

void *kmalloc(size_t len_bytes)
{
    bool zeroed;

    return take(len_bytes, &zeroed);
}

/* Memory fresh from the host is not touched: that would cost a page fault. */
void *kzalloc(size_t len_bytes)
{
    bool zeroed = false;
    void *ptr = take(len_bytes, &zeroed);

    if (ptr && !zeroed)
        memset(ptr, 0, len_bytes);
    return ptr;
}

/* First page of the slab or run that ptr belongs to. */
static uint32_t owner(const void *ptr)
{
    uint32_t n = page_number(ptr);

    if (page_of(n)->kind == PAGE_SLAB_TAIL)
        n -= page_of(n)->len;
    return n;
}

void kfree(void *ptr)
{
    uint32_t n;

    if (!ptr)
        return;
    n = owner(ptr);
    if (page_of(n)->kind == PAGE_SLAB) {
        slab_give(n, ptr);
        return;
    }
    assert(page_of(n)->kind == PAGE_RUN);
    pages_give(n, page_of(n)->len);
}

static size_t usable(const void *ptr)
{
    const struct page *p = page_of(owner(ptr));

    assert(p->kind == PAGE_SLAB || p->kind == PAGE_RUN);
    return p->kind == PAGE_SLAB ? sizes[p->class] : p->len * ABI_PAGE_SIZE;
}

void *krealloc(void *ptr, size_t len_bytes)
{
    size_t old = ptr ? usable(ptr) : 0;
    void *moved;

    if (len_bytes <= old && len_bytes >= old / 4)
        return ptr;
    moved = kmalloc(len_bytes);
    if (!moved)
        return NULL;
    if (ptr)
        memcpy(moved, ptr, old < len_bytes ? old : len_bytes);
    kfree(ptr);
    return moved;
}

char *kstrdup(const char *s)
{
    size_t len_bytes = strlen(s) + 1;
    char *copy = kmalloc(len_bytes);

    if (copy)
        memcpy(copy, s, len_bytes);
    return copy;
}
