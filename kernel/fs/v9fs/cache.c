/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * File data in shareable pages: blocks of 31 pages, of which some are known.
 * All blocks of all volumes stand in one list, the least recently used first,
 * and go in that order when there is too much; those of mapped files stay.
 * Pages end with the file: the rest of the last one is zero.
 */
#include "kernel/fs/v9fs/block.h"

#include <linux/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/core/cpu.h"
#include "kernel/mm/shm.h"
#include "lib/string.h"

enum { HASH_BUCKETS = 4096, SHARE = 8, LIMIT_MIN_PAGES = 1024 };

static struct {
    struct v9_block *buckets[HASH_BUCKETS];
    struct list lru;
    uint64_t nr_pages;
} cache = {.lru = LIST_INIT(cache.lru)};

static struct v9_block **bucket_of(const struct v9_inode *v, uint64_t index)
{
    uint64_t h = ((uintptr_t)v >> 4) + index * UINT64_C(0x9e3779b97f4a7c15);

    return &cache.buckets[(h ^ h >> 20) % HASH_BUCKETS];
}

struct v9_block *v9_block_find(struct v9_inode *v, uint64_t index)
{
    struct v9_block *b = *bucket_of(v, index);

    while (b && (b->owner != v || b->index != index))
        b = b->next;
    return b;
}

void v9_block_drop(struct v9_block *b)
{
    struct v9_block **p = bucket_of(b->owner, b->index);

    while (*p != b)
        p = &(*p)->next;
    *p = b->next;
    list_remove(&b->lru);
    list_remove(&b->siblings);
    cache.nr_pages -= BLOCK_PAGES;
    shm_free(b->shm_off, BLOCK_PAGES);
    kfree(b->sums);
    kfree(b);
}

static void make_room(void)
{
    uint64_t limit = platform.boot->mem_limit_bytes / PAGE_BYTES / SHARE;

    if (limit < LIMIT_MIN_PAGES)
        limit = LIMIT_MIN_PAGES;
    list_for_each_safe(node, &cache.lru)
    {
        struct v9_block *b = container_of(node, struct v9_block, lru);

        if (cache.nr_pages + BLOCK_PAGES <= limit)
            return;
        if (!b->busy && b->owner->backing.refs == 0)
            v9_block_drop(b);
    }
}

struct v9_block *v9_block_get(struct v9_inode *v, uint64_t index)
{
    struct v9_block *b = v9_block_find(v, index);
    int64_t off;

    if (b)
        return b;
    make_room();
    b = kzalloc(sizeof(*b));
    off = b ? shm_alloc(BLOCK_PAGES) : -ENOMEM;
    if (off < 0) {
        kfree(b);
        return NULL;
    }
    b->owner = v;
    b->index = index;
    b->shm_off = (uint64_t)off;
    b->next = *bucket_of(v, index);
    *bucket_of(v, index) = b;
    list_push_back(&cache.lru, &b->lru);
    list_push_back(&v->blocks, &b->siblings);
    cache.nr_pages += BLOCK_PAGES;
    return b;
}

void *v9_block_mem(const struct v9_block *b, uint64_t page)
{
    return (char *)shm_ptr(b->shm_off) + page * PAGE_BYTES;
}

void *v9_cached(struct v9_inode *v, uint64_t off, uint64_t *len)
{
    struct v9_block *b = v9_block_find(v, off / BLOCK_BYTES);
    uint64_t in = off % BLOCK_BYTES, page = in / PAGE_BYTES, end = page;

    if (!b || !(b->known & (UINT32_C(1) << page)))
        return NULL;
    while (end < BLOCK_PAGES && (b->known & (UINT32_C(1) << end)) &&
           end * PAGE_BYTES < in + *len)
        end++;
    if (*len > end * PAGE_BYTES - in)
        *len = end * PAGE_BYTES - in;
    if (cache.lru.prev != &b->lru) {
        list_remove(&b->lru);
        list_push_back(&cache.lru, &b->lru);
    }
    return (char *)v9_block_mem(b, 0) + in;
}

int64_t v9_page_shm(struct v9_inode *v, uint64_t page)
{
    struct v9_block *b = v9_block_find(v, page / BLOCK_PAGES);

    if (!b || !(b->known & (UINT32_C(1) << page % BLOCK_PAGES)))
        return -EIO;
    return (int64_t)(b->shm_off + page % BLOCK_PAGES * PAGE_BYTES);
}

/* Reads pages [page, end) of b, none of which is known. */
static int read_pages(struct v9_inode *v, struct v9_block *b, uint64_t page,
                      uint64_t end)
{
    uint64_t from = b->index * BLOCK_BYTES + page * PAGE_BYTES;
    uint64_t want = (end - page) * PAGE_BYTES, done = 0;
    uint32_t fid;
    int err = v9_reader(v, &fid);
    int64_t n = err;

    while (!err && done < want) {
        uint64_t most = v9_io_bytes(v9_session(v));

        most = most < want - done ? most : want - done;
        n = v9_read(v9_session(v), fid, from + done,
                    (char *)v9_block_mem(b, page) + done, most);
        if (n <= 0)
            break;
        done += (uint64_t)n;
    }
    if (n < 0)
        return (int)n;
    memset((char *)v9_block_mem(b, page) + done, 0, want - done);
    if (from + done < v->inode.size_bytes && done < want)
        v->exact = v->leased = v->refused = false; /* it has become shorter */
    for (; page < end; page++)
        b->known |= UINT32_C(1) << page;
    return 0;
}

int v9_fill_locked(struct v9_inode *v, uint64_t off, uint64_t len)
{
    uint64_t index = off / BLOCK_BYTES;
    uint64_t page = off % BLOCK_BYTES / PAGE_BYTES, end;
    uint64_t stop = off + len, size = v->inode.size_bytes;
    struct v9_block *b;
    int err = 0;

    if (off >= size)
        return 0;
    b = v9_block_get(v, index);
    if (!b)
        return -ENOMEM;
    stop = stop < size ? stop : size;
    stop = (stop - index * BLOCK_BYTES + PAGE_BYTES - 1) / PAGE_BYTES;
    stop = stop < BLOCK_PAGES ? stop : BLOCK_PAGES;
    b->busy = true;
    while (!err && page < stop) {
        for (; page < stop && (b->known & (UINT32_C(1) << page)); page++)
            ;
        for (end = page; end < stop && !(b->known & (UINT32_C(1) << end));)
            end++;
        if (page < end)
            err = read_pages(v, b, page, end);
        page = end;
    }
    b->busy = false;
    return err;
}

int v9_fill_range_locked(struct v9_inode *v, uint64_t off, uint64_t end)
{
    int err = 0;

    end = end < v->inode.size_bytes ? end : v->inode.size_bytes;
    while (!err && off < end) {
        uint64_t next = (off / BLOCK_BYTES + 1) * BLOCK_BYTES;

        err = v9_fill_locked(v, off, (next < end ? next : end) - off);
        off = next;
    }
    return err;
}
