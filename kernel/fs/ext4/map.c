/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mappings show the very pages that read and write use. What is mapped is read
 * whole before. Nobody tells which pages a program changes through a mapping:
 * all that it could change count as changed when they are synchronised.
 */
#include <linux/fcntl.h>

#include "kernel/core/cpu.h"
#include "kernel/fs/ext4/ext4.h"
#include "kernel/vfs/mapped.h"

static struct ext4_node *of(struct backing *b)
{
    return container_of(b, struct ext4_node, backing);
}

static int map_part(struct ext4_node *n, uint64_t page, uint32_t nr,
                    uint64_t addr, int prot, bool shared)
{
    uint64_t base = page - page % CHUNK_PAGES;
    struct ext4_chunk *c;
    int err = ext4_chunk_get(n, base, CHUNK_PAGES, &c);

    if (!err)
        err = ext4_pages_fill(n, page, nr);
    if (err)
        return err;
    return (int)platform.ops.shm_map(
        addr, (uint64_t)nr * PAGE_BYTES, (uint32_t)prot,
        c->shm_off + (page - base) * PAGE_BYTES, !shared);
}

static int map(struct backing *b, uint64_t off, uint64_t addr, size_t len,
               int prot, bool shared)
{
    uint64_t page = off / PAGE_BYTES, end = page + len / PAGE_BYTES;
    int err = 0;

    while (!err && page < end) {
        uint64_t nr = CHUNK_PAGES - page % CHUNK_PAGES;

        nr = nr < end - page ? nr : end - page;
        err = map_part(of(b), page, (uint32_t)nr, addr, prot, shared);
        page += nr;
        addr += nr * PAGE_BYTES;
    }
    return err;
}

static int sync(struct backing *b, uint64_t off, uint64_t addr, size_t len)
{
    struct ext4_node *n = of(b);
    uint64_t size = (n->inode.size_bytes + PAGE_BYTES - 1) / PAGE_BYTES;
    uint64_t page = off / PAGE_BYTES, end = page + len / PAGE_BYTES;

    (void)addr;
    for (end = end < size ? end : size; page < end; page++) {
        struct ext4_chunk *c = ext4_chunk_find(n, page);

        if (c && ext4_bit(c->valid, page))
            ext4_page_dirty(c, page);
    }
    return 0;
}

static void release(struct backing *b)
{
    struct ext4_node *n = of(b);

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
