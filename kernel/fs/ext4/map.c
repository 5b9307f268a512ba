/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mappings show the very pages that read and write use, as they are touched:
 * one that is not known yet is not accessible, and one that a shared mapping
 * did not write to since it was clean is not writable. So the first touch and
 * the first write come here.
 */
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "kernel/core/cpu.h"
#include "kernel/fs/ext4/ext4.h"
#include "kernel/vfs/mapped.h"
#include "lib/string.h"

enum {
    AROUND_PAGES = 16, /* are read with the one that is touched */
    ON_PAGES = 64,     /* and if those before are known */
    MANY_DIRTY = 4096, /* single pages no more: the host counts its mappings */
};

static struct ext4_node *of(struct backing *b)
{
    return container_of(b, struct ext4_node, backing);
}

/* What the mapping may do to a page of the chunk now. */
static int allowed(const struct ext4_chunk *c, uint64_t page,
                   const struct backing_view *v)
{
    if (!ext4_bit(c->valid, page))
        return PROT_NONE;
    if (!v->shared || !(v->prot & PROT_WRITE) || ext4_bit(c->writable, page))
        return v->prot;
    return (v->prot & ~PROT_WRITE) | PROT_READ;
}

static int64_t show_run(const struct ext4_chunk *c, uint64_t page, uint64_t end,
                        const struct backing_view *v, bool anew)
{
    uint64_t addr = v->addr + (page * PAGE_BYTES - v->off);
    uint64_t len = (end - page) * PAGE_BYTES;
    uint32_t prot = (uint32_t)allowed(c, page, v);

    return anew ? platform.ops.shm_map(
                      addr, len, prot,
                      c->shm_off + page % CHUNK_PAGES * PAGE_BYTES, !v->shared)
                : platform.ops.mem_protect(addr, len, prot);
}

/* Pages [page, end) of one chunk, as the mapping may have them; anew: they are
 * not mapped yet. */
static int show(const struct ext4_chunk *c, uint64_t page, uint64_t end,
                const struct backing_view *v, bool anew)
{
    int64_t err = 0;

    while (!err && page < end) {
        uint64_t stop = page + 1;

        while (stop < end && allowed(c, stop, v) == allowed(c, page, v))
            stop++;
        err = show_run(c, page, stop, v, anew);
        page = stop;
    }
    return (int)err;
}

/* Up to the end of the view and of the page's chunk. */
static uint64_t stop_at(const struct backing_view *v, uint64_t page)
{
    uint64_t end = (v->off + v->len_bytes) / PAGE_BYTES;
    uint64_t chunk_end = page - page % CHUNK_PAGES + CHUNK_PAGES;

    return end < chunk_end ? end : chunk_end;
}

static int map(struct backing *b, uint64_t off, uint64_t addr, size_t len,
               int prot, bool shared)
{
    struct backing_view v = {off, addr, len, prot, shared};
    uint64_t page = off / PAGE_BYTES, end = page + len / PAGE_BYTES;
    int err = 0;

    while (!err && page < end) {
        uint64_t stop = stop_at(&v, page);
        struct ext4_chunk *c;

        err = ext4_chunk_get(of(b), page - page % CHUNK_PAGES, CHUNK_PAGES, &c);
        if (!err)
            err = show(c, page, stop, &v, true);
        page = stop;
    }
    return err;
}

static int protect(struct backing *b, const struct backing_view *v)
{
    uint64_t page = v->off / PAGE_BYTES;
    uint64_t end = page + v->len_bytes / PAGE_BYTES;
    int err = 0;

    while (!err && page < end) {
        uint64_t stop = stop_at(v, page);
        struct ext4_chunk *c = ext4_chunk_find(of(b), page);

        err = c ? show(c, page, stop, v, false) : -EIO;
        page = stop;
    }
    return err;
}

/* What is read with a page, and shown. */
static void around(const struct ext4_chunk *c, const struct backing_view *v,
                   uint64_t page, uint64_t *first, uint64_t *end)
{
    uint64_t start = v->off / PAGE_BYTES, stop = stop_at(v, page);
    uint64_t at = page - page % AROUND_PAGES;
    bool goes_on = at % CHUNK_PAGES && ext4_bit(c->valid, at - 1);

    *first = at > start ? at : start;
    *end = at + (goes_on ? ON_PAGES : AROUND_PAGES);
    *end = *end < stop ? *end : stop;
}

/* Pages from there on count as changed. Returns where they end: who writes page
 * by page gets several. */
static uint64_t allow_writing(struct ext4_chunk *c, uint64_t page, uint64_t end)
{
    struct ext4_node *n = c->node;
    bool goes_on = page % CHUNK_PAGES && ext4_bit(c->writable, page - 1);
    uint64_t stop = goes_on || n->nr_dirty > MANY_DIRTY
                        ? page - page % AROUND_PAGES + AROUND_PAGES
                        : page + 1;

    stop = stop < end ? stop : end;
    for (; page < stop && ext4_bit(c->valid, page); page++) {
        c->writable[page % CHUNK_PAGES / 64] |= UINT64_C(1) << page % 64;
        ext4_page_dirty(c, page);
    }
    n->is_map_written = n->has_new_times = true;
    inode_touch(&n->inode);
    ext4_write_back_later(n->fs);
    return page;
}

static int fault(struct backing *b, const struct backing_view *v, uint64_t addr,
                 bool write)
{
    struct ext4_node *n = of(b);
    uint64_t page = (v->off + (addr - v->addr)) / PAGE_BYTES, first, end;
    struct ext4_chunk *c = ext4_chunk_find(n, page);
    bool was_known = c && ext4_bit(c->valid, page);
    int err = 0;

    if (!c)
        return -EIO; /* the file system was left */
    around(c, v, page, &first, &end);
    if (!was_known)
        err = ext4_pages_fill(n, first, (uint32_t)(end - first));
    if (err)
        return err;
    if (write && v->shared) {
        uint64_t stop = allow_writing(c, page, end);

        if (was_known) {
            first = page;
            end = stop;
        }
    }
    return show(c, first, end, v, false);
}

/* Those that mappings may write to tell again from now on. */
static int tell_again(struct ext4_chunk *c)
{
    uint64_t base = (uint64_t)c->index * CHUNK_PAGES, page = 0, end = 0;
    int err;

    for (uint64_t i = 0; i < CHUNK_PAGES; i++) {
        if (!ext4_bit(c->writable, i))
            continue;
        page = end ? page : i;
        end = i + 1;
    }
    if (!end)
        return 0;
    memset(c->writable, 0, sizeof(c->writable));
    err = mm_protect_backing(&c->node->backing, (base + page) * PAGE_BYTES,
                             (end - page) * PAGE_BYTES);
    if (err) /* as it may be now, at least: all these are dirty */
        memcpy(c->writable, c->dirty, sizeof(c->writable));
    return err;
}

int ext4_map_clean(struct ext4_node *n)
{
    int err = 0;

    if (!n->is_map_written)
        return 0;
    for (uint32_t i = 0; !err && i < n->nr_chunks; i++)
        err = tell_again(n->chunks[i]);
    if (!err)
        n->is_map_written = false;
    return err;
}

static int sync(struct backing *b, uint64_t off, uint64_t addr, size_t len,
                bool lasting)
{
    (void)off, (void)addr, (void)len;
    return lasting ? ext4_node_fsync(of(b), false) : 0;
}

static void release(struct backing *b)
{
    struct ext4_node *n = of(b);

    for (uint32_t i = 0; i < n->nr_chunks; i++)
        memset(n->chunks[i]->writable, 0, sizeof(n->chunks[i]->writable));
    mapped_release(&n->inode, &n->map_name);
}

static uint64_t size(struct backing *b)
{
    return of(b)->inode.size_bytes;
}

static int describe(struct backing *b, char *buf, size_t size_bytes,
                    uint64_t *ino)
{
    struct ext4_node *n = of(b);

    return mapped_describe(&n->inode, n->map_name, buf, size_bytes, ino);
}

const struct backing_ops ext4_backing_ops = {
    .map = map,
    .fault = fault,
    .protect = protect,
    .sync = sync,
    .release = release,
    .size = size,
    .describe = describe,
};

int ext4_mmap(struct file *f, struct backing **out, int prot, bool shared)
{
    struct ext4_node *n = ext4_node_of(f->inode);

    (void)prot, (void)shared;
    mapped_get(f, &n->backing, &n->map_name);
    *out = &n->backing;
    return 0;
}
