/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages from the device: with what follows for who reads on.
 */
#include "kernel/fs/ext4/ext4.h"
#include "lib/string.h"

enum { AHEAD_PAGES = 64 };

/* Blocks into memory; holes and what was never written are zero. */
static int read_run(struct ext4_node *n, uint64_t lblk, uint64_t nr,
                    uint8_t *to)
{
    struct ext4 *fs = n->fs;

    while (nr) {
        struct ext4_run run = {.len = UINT32_MAX};
        uint64_t len;
        int err = lblk <= UINT32_MAX ? ext4_map(n, (uint32_t)lblk, &run) : 0;

        if (err)
            return err;
        len = run.len < nr ? run.len : nr;
        if (run.block && !run.unwritten)
            err = ext4_read_blocks(fs, run.block, len, to);
        else
            memset(to, 0, len << fs->block_shift);
        if (err)
            return err;
        lblk += len;
        nr -= len;
        to += len << fs->block_shift;
    }
    return 0;
}

/* Bytes behind the end of the file are zero, whatever the disk says. */
static void zero_behind_end(struct ext4_node *n, struct ext4_chunk *c,
                            uint64_t page)
{
    uint64_t size = n->inode.size_bytes, off = page * PAGE_BYTES;

    if (size >= off + PAGE_BYTES)
        return;
    size = size > off ? size - off : 0;
    memset(ext4_chunk_mem(c, page) + size, 0, PAGE_BYTES - size);
}

static int fill_run(struct ext4_node *n, struct ext4_chunk *c, uint64_t page,
                    uint64_t end)
{
    struct ext4 *fs = n->fs;
    int err =
        read_run(n, page * fs->blocks_per_page,
                 (end - page) * fs->blocks_per_page, ext4_chunk_mem(c, page));

    for (; !err && page < end; page++) {
        zero_behind_end(n, c, page);
        ext4_page_valid(c, page);
    }
    return err;
}

int ext4_pages_fill(struct ext4_node *n, uint64_t page, uint32_t nr)
{
    uint64_t end = page + nr;
    struct ext4_chunk *c;
    int err = ext4_chunk_get(n, page, nr, &c);

    if (err)
        return err;
    c->pins++;
    while (!err && page < end) {
        uint64_t stop = page;

        while (stop < end && !ext4_bit(c->valid, stop))
            stop++;
        if (stop > page)
            err = fill_run(n, c, page, stop);
        page = stop + (stop < end);
    }
    c->pins--;
    return err;
}

/* How many pages to read from there: up to the end of the file and chunk. */
static uint32_t how_many(const struct ext4_node *n, uint64_t page, uint64_t len)
{
    uint64_t file = (n->inode.size_bytes + PAGE_BYTES - 1) / PAGE_BYTES - page;
    uint64_t chunk = CHUNK_PAGES - page % CHUNK_PAGES;
    uint64_t nr = (len + PAGE_BYTES - 1) / PAGE_BYTES + 1;

    if (page == n->next_page && nr < AHEAD_PAGES)
        nr = AHEAD_PAGES;
    nr = nr < file ? nr : file;
    return (uint32_t)(nr < chunk ? nr : chunk);
}

int ext4_read_at(struct ext4_node *n, uint64_t off, uint64_t *len,
                 uint8_t **out)
{
    uint64_t page = off / PAGE_BYTES, have;
    struct ext4_chunk *c = ext4_chunk_find(n, page);
    int err;

    if (!c || !ext4_bit(c->valid, page)) {
        err = ext4_pages_fill(n, page, how_many(n, page, *len));
        if (err)
            return err;
        c = ext4_chunk_find(n, page);
    }
    have = PAGE_BYTES - off % PAGE_BYTES;
    *out = ext4_chunk_mem(c, page) + off % PAGE_BYTES;
    while (have < *len && ++page % CHUNK_PAGES &&
           page % CHUNK_PAGES < c->nr_pages && ext4_bit(c->valid, page))
        have += PAGE_BYTES;
    *len = have < *len ? have : *len;
    n->next_page = (off + *len + PAGE_BYTES - 1) / PAGE_BYTES;
    return 0;
}
