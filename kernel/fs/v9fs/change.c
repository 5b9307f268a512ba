/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What becomes of cached data when the file changes: by writing here, by a new
 * size, by somebody on the host; and the way back of what a shared mapping
 * changed, found by comparing sums of pages.
 */
#include <linux/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/fs/v9fs/block.h"
#include "kernel/mm/shm.h"
#include "lib/string.h"

static uint64_t pages_of(uint64_t bytes)
{
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
}

/* The block of a page, if there is one or the file is mapped. */
static struct v9_block *block_of(struct v9_inode *v, uint64_t page)
{
    uint64_t index = page / BLOCK_PAGES;

    return v->backing.refs ? v9_block_get(v, index) : v9_block_find(v, index);
}

/* The page has lain behind the old end: all of it is known to be zero. */
static void begin_page(struct v9_inode *v, uint64_t page)
{
    struct v9_block *b = block_of(v, page);
    uint32_t bit = UINT32_C(1) << page % BLOCK_PAGES;

    if (!b)
        return;
    memset(v9_block_mem(b, page % BLOCK_PAGES), 0, PAGE_BYTES);
    b->known |= bit;
    b->remembered &= ~bit;
}

static uint64_t sum_page(const void *mem)
{
    const uint64_t *p = mem;
    uint64_t a = 1, b = 0x9e3779b97f4a7c15;

    for (int i = 0; i < PAGE_BYTES / 8; i += 2) {
        a = (a ^ p[i]) * UINT64_C(0xff51afd7ed558ccd);
        b = (b ^ p[i + 1]) * UINT64_C(0xc4ceb9fe1a85ec53);
        a ^= a >> 29;
        b ^= b >> 31;
    }
    return a ^ (b << 1 | b >> 63);
}

/* A mapping may have left bytes behind the end, which now come to light. A page
 * that it had not changed before is not changed by this: else what it shows
 * would go over what the host has written. */
static void zero_tail(struct v9_inode *v, uint64_t size)
{
    struct v9_block *b = v9_block_find(v, size / BLOCK_BYTES);
    uint64_t page = size % BLOCK_BYTES / PAGE_BYTES, in = size % PAGE_BYTES;
    bool clean;
    char *mem;

    if (!b || !in)
        return;
    mem = v9_block_mem(b, page);
    clean =
        (b->remembered & UINT32_C(1) << page) && b->sums[page] == sum_page(mem);
    memset(mem + in, 0, PAGE_BYTES - in);
    if (clean)
        b->sums[page] = sum_page(mem);
}

static void grow(struct v9_inode *v, uint64_t old_size)
{
    zero_tail(v, old_size);
    if (!v->backing.refs)
        return;
    for (uint64_t p = pages_of(old_size); p < pages_of(v->inode.size_bytes);
         p++)
        begin_page(v, p);
}

static void update(struct v9_inode *v, uint64_t off, const void *data,
                   uint64_t n, uint64_t old_size)
{
    uint64_t page = off / PAGE_BYTES;
    uint32_t bit = UINT32_C(1) << page % BLOCK_PAGES;
    struct v9_block *b = block_of(v, page);

    if (!b)
        return;
    if (!(b->known & bit) && page * PAGE_BYTES >= old_size)
        begin_page(v, page);
    memcpy((char *)v9_block_mem(b, 0) + off % BLOCK_BYTES, data, n);
    if (n == PAGE_BYTES)
        b->known |= bit;
}

void v9_cache_wrote(struct v9_inode *v, uint64_t off, const void *data,
                    uint64_t len, uint64_t old_size)
{
    if (off + len > old_size)
        grow(v, old_size);
    while (len) {
        uint64_t n = PAGE_BYTES - off % PAGE_BYTES;

        n = n < len ? n : len;
        update(v, off, data, n, old_size);
        data = (const char *)data + n;
        off += n;
        len -= n;
    }
}

static void shrink_block(struct v9_inode *v, struct v9_block *b)
{
    uint64_t first = b->index * BLOCK_PAGES, limit;

    limit = pages_of(v->inode.size_bytes);
    limit = limit > first ? limit - first : 0;
    if (limit >= BLOCK_PAGES || b->busy)
        return;
    if (limit == 0) {
        v9_block_drop(b);
        return;
    }
    b->known &= (UINT32_C(1) << limit) - 1;
    b->remembered &= b->known;
    shm_zero(b->shm_off + limit * PAGE_BYTES, BLOCK_PAGES - limit);
}

void v9_cache_resized(struct v9_inode *v, uint64_t old_size)
{
    uint64_t size = v->inode.size_bytes;

    if (size > old_size) {
        grow(v, old_size);
        return;
    }
    if (size < old_size)
        mm_truncated(&v->backing); /* then no mapping shows what goes */
    zero_tail(v, size);
    list_for_each_safe(node, &v->blocks)
        shrink_block(v, container_of(node, struct v9_block, siblings));
}

/* While it is mapped its pages stay where they are and are read again; what a
 * mapping changed goes to the server before. */
void v9_cache_forget(struct v9_inode *v)
{
    bool mapped = v->backing.refs > 0;
    int err;

    if (mapped && v->map_writes)
        v9_write_back_locked(v, 0, v->inode.size_bytes);
    list_for_each_safe(node, &v->blocks)
    {
        struct v9_block *b = container_of(node, struct v9_block, siblings);

        b->known = b->remembered = 0;
        if (!mapped && !b->busy)
            v9_block_drop(b);
    }
    if (!mapped)
        return;
    err = v9_fill_range_locked(v, 0, v->inode.size_bytes);
    if (!err && v->map_writes)
        v9_remember_locked(v, 0, v->inode.size_bytes);
}

/* ---- shared mappings ---- */

static int remember_block(struct v9_block *b)
{
    if (!b->sums)
        b->sums = kmalloc(BLOCK_PAGES * sizeof(*b->sums));
    if (!b->sums)
        return -ENOMEM;
    for (int i = 0; i < BLOCK_PAGES; i++) {
        uint32_t bit = UINT32_C(1) << i;

        if (!(b->known & bit) || (b->remembered & bit))
            continue;
        b->sums[i] = sum_page(v9_block_mem(b, i));
        b->remembered |= bit;
    }
    return 0;
}

int v9_remember_locked(struct v9_inode *v, uint64_t off, uint64_t end)
{
    int err = 0;

    for (uint64_t i = off / BLOCK_BYTES; !err && i * BLOCK_BYTES < end; i++) {
        struct v9_block *b = v9_block_find(v, i);

        err = b ? remember_block(b) : 0;
    }
    return err;
}

static bool is_dirty(const struct v9_block *b, int page)
{
    uint32_t bit = UINT32_C(1) << page;

    if (!b->sums || !(b->known & bit))
        return false;
    return !(b->remembered & bit) ||
           b->sums[page] != sum_page(v9_block_mem(b, page));
}

static int write_page(struct v9_inode *v, struct v9_block *b, int page,
                      uint8_t *buf)
{
    uint64_t off = b->index * BLOCK_BYTES + (uint64_t)page * PAGE_BYTES;
    uint64_t size = v->inode.size_bytes, n;
    struct v9_msg m;
    int64_t done;

    if (off >= size)
        return 0;
    n = size - off < PAGE_BYTES ? size - off : PAGE_BYTES;
    v9_begin(&m, buf, V9_WRITE_AT + PAGE_BYTES, P9_WRITE);
    memcpy(buf + V9_WRITE_AT, v9_block_mem(b, page), PAGE_BYTES);
    b->sums[page] = sum_page(buf + V9_WRITE_AT);
    b->remembered |= UINT32_C(1) << page;
    done = v9_write(v9_session(v), &m, v->write_fid, off, n);
    if (done != (int64_t)n) {
        b->remembered &= ~(UINT32_C(1) << page);
        return done < 0 ? (int)done : -EIO;
    }
    v9_changed(v);
    return 0;
}

int v9_write_back_locked(struct v9_inode *v, uint64_t off, uint64_t end)
{
    uint8_t *buf;
    int err = 0;

    if (!v->map_writes || !v->write_fid)
        return 0;
    buf = kmalloc(V9_WRITE_AT + PAGE_BYTES);
    if (!buf)
        return -ENOMEM;
    v9_own_begin(v);
    for (uint64_t p = off / PAGE_BYTES; !err && p < pages_of(end); p++) {
        struct v9_block *b = v9_block_find(v, p / BLOCK_PAGES);

        if (b && is_dirty(b, (int)(p % BLOCK_PAGES)))
            err = write_page(v, b, (int)(p % BLOCK_PAGES), buf);
    }
    v9_own_end(v);
    kfree(buf);
    return err;
}
