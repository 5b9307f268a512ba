/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages of files, in chunks of the shareable object, so that they can be
 * mapped. A chunk is as large as its file needs and moves when it must grow;
 * one that was ever mapped has its full size and stays where it is.
 */
#include "kernel/core/alloc.h"
#include "kernel/fs/ext4/ext4.h"
#include "kernel/mm/shm.h"
#include "lib/string.h"

/* The first chunk at or behind the index. */
static uint32_t find(const struct ext4_node *n, uint32_t index)
{
    uint32_t low = 0, high = n->nr_chunks;

    while (low < high) {
        uint32_t mid = (low + high) / 2;

        if (n->chunks[mid]->index < index)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

struct ext4_chunk *ext4_chunk_find(struct ext4_node *n, uint64_t page)
{
    uint32_t index = (uint32_t)(page / CHUNK_PAGES), i = find(n, index);
    struct ext4_chunk *c = i < n->nr_chunks ? n->chunks[i] : NULL;

    return c && c->index == index && page % CHUNK_PAGES < c->nr_pages ? c
                                                                      : NULL;
}

uint8_t *ext4_chunk_mem(const struct ext4_chunk *c, uint64_t page)
{
    return (uint8_t *)shm_ptr(c->shm_off) + page % CHUNK_PAGES * PAGE_BYTES;
}

void ext4_page_valid(struct ext4_chunk *c, uint64_t page)
{
    c->valid[page % CHUNK_PAGES / 64] |= UINT64_C(1) << page % 64;
}

void ext4_page_dirty(struct ext4_chunk *c, uint64_t page)
{
    struct ext4_node *n = c->node;

    if (ext4_bit(c->dirty, page))
        return;
    c->dirty[page % CHUNK_PAGES / 64] |= UINT64_C(1) << page % 64;
    n->fs->nr_dirty++;
    if (n->nr_dirty++ == 0)
        list_push_back(&n->fs->dirty_data, &n->dirty_data);
}

void ext4_page_clean(struct ext4_chunk *c, uint64_t page)
{
    struct ext4_node *n = c->node;

    if (!ext4_bit(c->dirty, page))
        return;
    c->dirty[page % CHUNK_PAGES / 64] &= ~(UINT64_C(1) << page % 64);
    n->fs->nr_dirty--;
    if (--n->nr_dirty == 0)
        list_remove(&n->dirty_data);
}

static void drop_chunk(struct ext4_chunk *c)
{
    struct ext4_node *n = c->node;
    uint32_t i = find(n, c->index);
    uint64_t first = (uint64_t)c->index * CHUNK_PAGES;

    for (uint32_t p = 0; p < c->nr_pages; p++)
        ext4_page_clean(c, first + p);
    memmove(&n->chunks[i], &n->chunks[i + 1],
            (n->nr_chunks - i - 1) * sizeof(void *));
    n->nr_chunks--;
    n->fs->nr_pages -= c->nr_pages;
    list_remove(&c->lru);
    shm_free(c->shm_off, c->nr_pages);
    kfree(c);
}

static bool is_dirty(const struct ext4_chunk *c)
{
    uint64_t any = 0;

    for (uint32_t i = 0; i < CHUNK_PAGES / 64; i++)
        any |= c->dirty[i];
    return any;
}

/* The oldest go that need not be kept. */
static void shrink(struct ext4 *fs)
{
    list_for_each_safe(pos, &fs->chunks)
    {
        struct ext4_chunk *c = container_of(pos, struct ext4_chunk, lru);

        if (fs->nr_pages < fs->max_pages)
            return;
        if (!c->pins && !c->node->backing.refs && !is_dirty(c))
            drop_chunk(c);
    }
}

static int add_chunk(struct ext4_node *n, struct ext4_chunk *c)
{
    uint32_t i = find(n, c->index);

    if (n->nr_chunks == n->max_chunks) {
        uint32_t max = n->max_chunks ? n->max_chunks * 2 : 1;
        struct ext4_chunk **p = krealloc(n->chunks, max * sizeof(*p));

        if (!p)
            return -ENOMEM;
        n->chunks = p;
        n->max_chunks = max;
    }
    memmove(&n->chunks[i + 1], &n->chunks[i],
            (n->nr_chunks - i) * sizeof(void *));
    n->chunks[i] = c;
    n->nr_chunks++;
    list_push_back(&n->fs->chunks, &c->lru);
    n->fs->nr_pages += c->nr_pages;
    return 0;
}

static int new_chunk(struct ext4_node *n, uint32_t index, uint32_t nr,
                     struct ext4_chunk **out)
{
    struct ext4_chunk *c = kzalloc(sizeof(*c));
    int64_t off = c ? shm_alloc(nr) : -1;
    int err;

    if (off < 0) {
        kfree(c);
        return -ENOMEM;
    }
    c->node = n;
    c->index = index;
    c->nr_pages = nr;
    c->shm_off = (uint64_t)off;
    err = add_chunk(n, c);
    if (err) {
        shm_free(c->shm_off, nr);
        kfree(c);
        return err;
    }
    *out = c;
    return 0;
}

static int grow_chunk(struct ext4_chunk *c, uint32_t nr)
{
    uint64_t more = c->shm_off + (uint64_t)c->nr_pages * PAGE_BYTES;
    int64_t off;

    if (shm_alloc_at(more, nr - c->nr_pages)) {
        if (c->pins)
            return -EBUSY;
        off = shm_alloc(nr);
        if (off < 0)
            return -ENOMEM;
        memcpy(shm_ptr((uint64_t)off), shm_ptr(c->shm_off),
               (size_t)c->nr_pages * PAGE_BYTES);
        shm_free(c->shm_off, c->nr_pages);
        c->shm_off = (uint64_t)off;
    }
    c->node->fs->nr_pages += nr - c->nr_pages;
    c->nr_pages = nr;
    return 0;
}

/* Room for so many pages, and some more while the file grows. */
static uint32_t size_for(uint32_t pages)
{
    uint32_t nr = 1;

    while (nr < pages)
        nr *= 2;
    return nr;
}

int ext4_chunk_get(struct ext4_node *n, uint64_t page, uint32_t nr,
                   struct ext4_chunk **out)
{
    uint32_t index = (uint32_t)(page / CHUNK_PAGES), i = find(n, index);
    uint32_t need = size_for((uint32_t)(page % CHUNK_PAGES) + nr);

    if (i == n->nr_chunks || n->chunks[i]->index != index) {
        shrink(n->fs);
        return new_chunk(n, index, need, out);
    }
    *out = n->chunks[i];
    list_remove(&(*out)->lru);
    list_push_back(&n->fs->chunks, &(*out)->lru);
    return need > (*out)->nr_pages ? grow_chunk(*out, need) : 0;
}

void ext4_pages_zero(struct ext4_node *n, uint64_t page, uint64_t end)
{
    for (uint32_t i = find(n, (uint32_t)(page / CHUNK_PAGES));
         i < n->nr_chunks;) {
        struct ext4_chunk *c = n->chunks[i];
        uint64_t first = (uint64_t)c->index * CHUNK_PAGES;
        uint64_t from = page > first ? page : first;
        uint64_t to = first + c->nr_pages < end ? first + c->nr_pages : end;

        if (first >= end)
            return;
        for (uint64_t p = from; p < to; p++)
            if (!ext4_bit(c->writable, p))
                ext4_page_clean(c, p);
        if (from == first && to == first + c->nr_pages && !c->pins &&
            !n->backing.refs) {
            drop_chunk(c);
            continue;
        }
        if (from < to)
            shm_zero(c->shm_off + (from - first) * PAGE_BYTES, to - from);
        i++;
    }
}

void ext4_pages_drop(struct ext4_node *n)
{
    while (n->nr_chunks)
        drop_chunk(n->chunks[n->nr_chunks - 1]);
}
