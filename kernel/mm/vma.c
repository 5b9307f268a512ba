/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree of mappings. Each node knows the gap in front of it and the
 * largest gap of its subtree, so a free range is found without a walk.
 * Guarded by the rule that the kernel is not preempted.
 */
#include "kernel/mm/vma.h"

#include <linux/mman.h>

#include "abi/layout.h"
#include "kernel/core/alloc.h"
#include "kernel/mm/mm.h"
#include "lib/list.h"
#include "lib/string.h"

static void update(struct rb_node *node);

static struct rb_tree tree = {.update = update};
static struct mm_usage total;
static uint32_t count;

static struct vma *to_vma(const struct rb_node *node)
{
    return node ? container_of(node, struct vma, node) : NULL;
}

static void update(struct rb_node *node)
{
    struct vma *v = to_vma(node);

    v->max_gap = v->gap;
    for (int d = 0; d < 2; d++) {
        struct vma *c = to_vma(node->child[d]);

        if (c && c->max_gap > v->max_gap)
            v->max_gap = c->max_gap;
    }
}

static bool less(const struct rb_node *a, const struct rb_node *b)
{
    return to_vma(a)->start < to_vma(b)->start;
}

struct vma *vma_find(uint64_t addr)
{
    struct vma *v = to_vma(tree.root), *best = NULL;

    while (v) {
        if (v->end > addr)
            best = v;
        v = to_vma(v->node.child[v->end <= addr]);
    }
    return best;
}

struct vma *vma_next(const struct vma *v)
{
    return to_vma(rb_next(&v->node));
}

struct vma *vma_prev(const struct vma *v)
{
    return to_vma(rb_prev(&v->node));
}

struct vma *vma_overlap(uint64_t start, uint64_t end)
{
    struct vma *v = vma_find(start);

    return v && v->start < end ? v : NULL;
}

static void set_gap(struct vma *v)
{
    struct vma *prev;

    if (!v)
        return;
    prev = vma_prev(v);
    v->gap = v->start - (prev ? prev->end : ABI_USER_MIN);
    rb_changed(&tree, &v->node);
}

static bool is_stack(const struct vma *v)
{
    return v->name && strcmp(v->name, "[stack]") == 0;
}

/* Kept up to date, since getrusage(2) tells it: programs call that often. */
static void account(const struct vma *v, bool add)
{
    uint64_t len = add ? v->end - v->start : v->start - v->end;

    if (v->hidden)
        return;
    total.virtual_bytes += len;
    if (is_stack(v))
        total.stack_bytes += len;
    if (!(v->prot & PROT_WRITE) || (v->flags & MAP_SHARED))
        return;
    if (!is_stack(v))
        total.data_bytes += len;
    if (!(v->flags & MAP_NORESERVE))
        total.committed_bytes += len;
}

void vma_set_prot(struct vma *v, int prot)
{
    account(v, false);
    v->prot = prot;
    account(v, true);
}

void vma_set_name(struct vma *v, const char *name)
{
    account(v, false);
    v->name = name;
    account(v, true);
}

static void enter(struct vma *v)
{
    v->gap = 0;
    rb_insert(&tree, &v->node, less);
    set_gap(v);
    set_gap(vma_next(v));
    account(v, true);
    count++;
}

static void leave(struct vma *v)
{
    struct vma *next = vma_next(v);

    rb_erase(&tree, &v->node);
    set_gap(next);
    account(v, false);
    count--;
}

struct vma *vma_insert(const struct vma *proto)
{
    struct vma *v = count < VMA_MAX ? kmalloc(sizeof(*v)) : NULL;

    if (!v)
        return NULL;
    *v = *proto;
    if (v->backing) {
        backing_get(v->backing);
        v->backing->nr_vmas++;
    }
    enter(v);
    return v;
}

void vma_erase(struct vma *v)
{
    leave(v);
    if (v->backing) {
        v->backing->nr_vmas--;
        backing_put(v->backing);
    }
    kfree(v);
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

struct vma *vma_split(struct vma *v, uint64_t addr)
{
    struct vma upper = *v, *u;
    uint64_t old_end = v->end;

    upper.start = addr;
    upper.off += addr - v->start;
    upper.filled = v->filled > addr ? v->filled : addr;
    vma_set_end(v, addr);
    u = vma_insert(&upper);
    if (!u) {
        v->filled = upper.filled > addr ? upper.filled : v->filled;
        vma_set_end(v, old_end);
    }
    return u;
}

void vma_set_end(struct vma *v, uint64_t end)
{
    account(v, false);
    v->end = end;
    v->filled = min_u64(v->filled, end);
    account(v, true);
    set_gap(vma_next(v));
}

void vma_set_start(struct vma *v, uint64_t start)
{
    account(v, false);
    v->off -= v->start - start;
    v->start = start;
    account(v, true);
    set_gap(v);
}

static bool can_merge(const struct vma *a, const struct vma *b)
{
    if (a->end != b->start || a->prot != b->prot || a->flags != b->flags ||
        a->backing != b->backing || a->name != b->name)
        return false;
    if (a->hidden || b->hidden || (a->flags & MAP_GROWSDOWN) ||
        a->touched != b->touched || a->was_exec != b->was_exec ||
        a->deny_write != b->deny_write || a->no_dump != b->no_dump)
        return false;
    if (a->filled != a->end && b->filled != b->start)
        return false;
    return !a->backing || a->off + (a->end - a->start) == b->off;
}

/* b ends, a continues in its place. */
static void absorb(struct vma *a, struct vma *b)
{
    uint64_t end = b->end;
    uint64_t filled = a->filled == a->end ? b->filled : a->filled;

    vma_erase(b);
    vma_set_end(a, end);
    a->filled = filled;
}

struct vma *vma_merge(struct vma *v)
{
    struct vma *prev = vma_prev(v), *next = vma_next(v);

    if (next && can_merge(v, next))
        absorb(v, next);
    if (prev && can_merge(prev, v)) {
        absorb(prev, v);
        v = prev;
    }
    return v;
}

struct request {
    uint64_t len_bytes, lo, hi;
    bool down;
};

/* Where in the free range [start, end) the request fits, or 0. */
static uint64_t fit(const struct request *r, uint64_t start, uint64_t end)
{
    if (start < r->lo)
        start = r->lo;
    if (end > r->hi)
        end = r->hi;
    if (end < start || end - start < r->len_bytes)
        return 0;
    return r->down ? end - r->len_bytes : start;
}

/* Recursion is as deep as the tree, at most 2 log2(VMA_MAX). */
static uint64_t search(const struct request *r, const struct vma *v)
{
    uint64_t found = 0;

    if (!v || v->max_gap < r->len_bytes)
        return 0;
    for (int step = 0; step < 3 && !found; step++) {
        int place = r->down ? 2 - step : step; /* lower, own, upper */

        if (place == 1)
            found = fit(r, v->start - v->gap, v->start);
        else if (place == 0 && v->start - v->gap > r->lo)
            found = search(r, to_vma(v->node.child[0]));
        else if (place == 2 && v->end < r->hi)
            found = search(r, to_vma(v->node.child[1]));
    }
    return found;
}

static uint64_t find_gap(const struct request *r)
{
    struct vma *last = to_vma(rb_last(&tree));
    uint64_t behind = last ? last->end : ABI_USER_MIN;
    uint64_t found = 0;

    if (r->down)
        found = fit(r, behind, ABI_USER_TOP);
    if (!found)
        found = search(r, to_vma(tree.root));
    if (!found)
        found = fit(r, behind, ABI_USER_TOP);
    return found;
}

uint64_t vma_gap_down(uint64_t len_bytes, uint64_t lo, uint64_t hi)
{
    return find_gap(&(struct request){len_bytes, lo, hi, true});
}

uint64_t vma_gap_up(uint64_t len_bytes, uint64_t lo, uint64_t hi)
{
    return find_gap(&(struct request){len_bytes, lo, hi, false});
}

uint64_t vma_total_bytes(void)
{
    return total.virtual_bytes;
}

void mm_usage(struct mm_usage *out)
{
    *out = total;
}

uint32_t vma_room(void)
{
    return VMA_MAX - count;
}
