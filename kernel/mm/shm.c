/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Allocator for the shareable memory object. Everything below `top_page` that
 * is not in the tree of free extents is allocated; so the bookkeeping grows
 * with fragmentation, not with the object. Guarded by the rule that the
 * kernel is not preempted.
 */
#include "kernel/mm/shm.h"

#include <asm/errno.h>
#include <stdbool.h>

#include "abi/layout.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cpu.h"
#include "kernel/core/log.h"
#include "kernel/mm/shm_loan.h"
#include "lib/list.h"
#include "lib/rbtree.h"

/* Free pages [first, first + nr), with allocated ones on both sides. */
struct extent {
    struct rb_node node;
    uint64_t first;
    uint64_t nr;
    uint64_t max_nr; /* largest nr in this subtree */
};

static void update(struct rb_node *node);

static struct rb_tree free_tree = {.update = update};
static uint64_t top_page;
static size_t used_pages;

static struct extent *to_extent(const struct rb_node *node)
{
    return node ? container_of(node, struct extent, node) : NULL;
}

static void update(struct rb_node *node)
{
    struct extent *e = to_extent(node);

    e->max_nr = e->nr;
    for (int d = 0; d < 2; d++) {
        struct extent *c = to_extent(node->child[d]);

        if (c && c->max_nr > e->max_nr)
            e->max_nr = c->max_nr;
    }
}

static bool less(const struct rb_node *a, const struct rb_node *b)
{
    return to_extent(a)->first < to_extent(b)->first;
}

/* The lowest extent of at least nr pages. */
static struct extent *find_fit(uint64_t nr)
{
    struct extent *e = to_extent(free_tree.root);

    if (!e || e->max_nr < nr)
        return NULL;
    for (;;) {
        struct extent *low = to_extent(e->node.child[0]);

        if (low && low->max_nr >= nr)
            e = low;
        else if (e->nr >= nr)
            return e;
        else
            e = to_extent(e->node.child[1]);
    }
}

/* The last extent that begins at or below page. */
static struct extent *find_below(uint64_t page)
{
    struct extent *e = to_extent(free_tree.root), *best = NULL;

    while (e) {
        if (e->first <= page)
            best = e;
        e = to_extent(e->node.child[e->first <= page]);
    }
    return best;
}

static int add_extent(uint64_t first, uint64_t nr)
{
    struct extent *e = kmalloc(sizeof(*e));

    if (!e)
        return -ENOMEM;
    e->first = first;
    e->nr = nr;
    rb_insert(&free_tree, &e->node, less);
    return 0;
}

static void drop_extent(struct extent *e)
{
    rb_erase(&free_tree, &e->node);
    kfree(e);
}

static void resize_extent(struct extent *e, uint64_t first, uint64_t nr)
{
    e->first = first; /* order among the others does not change */
    e->nr = nr;
    if (nr)
        rb_changed(&free_tree, &e->node);
    else
        drop_extent(e);
}

static uint64_t window_pages(void)
{
    return platform.boot->shm.len_bytes / ABI_PAGE_SIZE;
}

int64_t shm_alloc(size_t nr_pages)
{
    struct extent *e = find_fit(nr_pages);
    uint64_t first;

    if (e) {
        first = e->first;
        resize_extent(e, first + nr_pages, e->nr - nr_pages);
    } else {
        if (nr_pages > window_pages() - top_page)
            return -ENOMEM;
        first = top_page;
        top_page += nr_pages;
    }
    used_pages += nr_pages;
    return (int64_t)(first * ABI_PAGE_SIZE);
}

/* Takes [first, first + nr) out of an extent that contains it. */
static int carve(struct extent *e, uint64_t first, uint64_t nr)
{
    uint64_t end = e->first + e->nr;

    if (first + nr < end && first > e->first) {
        if (add_extent(first + nr, end - first - nr))
            return -ENOMEM;
        resize_extent(e, e->first, first - e->first);
    } else if (first > e->first) {
        resize_extent(e, e->first, first - e->first);
    } else {
        resize_extent(e, first + nr, end - first - nr);
    }
    return 0;
}

int shm_alloc_at(uint64_t off, size_t nr_pages)
{
    uint64_t first = off / ABI_PAGE_SIZE;
    struct extent *e;
    int err;

    if (first == top_page) {
        if (nr_pages > window_pages() - top_page)
            return -ENOMEM;
        top_page += nr_pages;
        used_pages += nr_pages;
        return 0;
    }
    e = find_below(first);
    if (!e || first + nr_pages > e->first + e->nr)
        return -EBUSY;
    err = carve(e, first, nr_pages);
    if (!err)
        used_pages += nr_pages;
    return err;
}

/* Back into the tree, joined with its free neighbours. */
static void give_back(uint64_t first, uint64_t nr)
{
    struct extent *low = find_below(first), *high;

    high =
        low ? to_extent(rb_next(&low->node)) : to_extent(rb_first(&free_tree));
    if (low && low->first + low->nr == first) {
        first = low->first;
        nr += low->nr;
        drop_extent(low);
    }
    if (high && high->first == first + nr) {
        nr += high->nr;
        drop_extent(high);
    }
    if (first + nr == top_page)
        top_page = first;
    else if (add_extent(first, nr))
        klog(LOG_WARN, "memory: lost %lu shareable pages", (unsigned long)nr);
}

void shm_release(uint64_t off, size_t nr_pages)
{
    if (nr_pages == 0)
        return;
    assert(off % ABI_PAGE_SIZE == 0 && used_pages >= nr_pages);
    shm_zero(off, nr_pages);
    used_pages -= nr_pages;
    give_back(off / ABI_PAGE_SIZE, nr_pages);
}

void *shm_ptr(uint64_t off)
{
    return (char *)platform.boot->shm.base + off;
}

void shm_zero(uint64_t off, size_t nr_pages)
{
    int64_t err = platform.ops.shm_punch(off, nr_pages * ABI_PAGE_SIZE);

    if (err)
        panic("memory: shm_punch: error %d", (int)err);
}

size_t shm_used_pages(void)
{
    return used_pages;
}
