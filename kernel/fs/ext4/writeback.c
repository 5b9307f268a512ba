/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dirty pages to their blocks. Those that write() made have their blocks; one
 * that a mapping changed may lie in a hole, and gets blocks only now.
 */
#include "kernel/fs/ext4/ext4.h"
#include "lib/string.h"

static bool is_zero(const uint8_t *p, size_t len)
{
    return !p[0] && memcmp(p, p + 1, len - 1) == 0;
}

/* How much of [lblk, lblk + nr) *run covers; blocks for what needs them. */
static int find_blocks(struct ext4_node *n, uint32_t lblk, uint32_t nr,
                       const uint8_t *data, bool may_alloc,
                       struct ext4_run *run)
{
    struct ext4 *fs = n->fs;
    bool fresh;
    int err = ext4_map(n, lblk, run);

    if (err)
        return err;
    run->len = run->len < nr ? run->len : nr;
    if ((run->block && !run->unwritten) || !may_alloc)
        return 0;
    run->len = 1;
    if (is_zero(data, fs->block_bytes))
        return 0;
    err = ext4_begin(fs);
    return err ? err : ext4_map_new(n, lblk, 1, run, false, &fresh);
}

/* Pages in a row; blocks wholly behind the end of the file do not count. 1:
 * some have no blocks and were left. */
static int write_run(struct ext4_node *n, struct ext4_chunk *c, uint64_t page,
                     uint64_t nr_pages, bool may_alloc)
{
    struct ext4 *fs = n->fs;
    uint64_t end =
        (n->inode.size_bytes + fs->block_bytes - 1) >> fs->block_shift;
    uint64_t lblk = page * fs->blocks_per_page;
    uint64_t stop = (page + nr_pages) * fs->blocks_per_page;
    const uint8_t *data = ext4_chunk_mem(c, page);
    int left = 0;

    for (stop = stop < end ? stop : end; lblk < stop;) {
        struct ext4_run run;
        int err = find_blocks(n, (uint32_t)lblk, (uint32_t)(stop - lblk), data,
                              may_alloc, &run);

        if (!err && run.block && !run.unwritten)
            err = ext4_write_late(fs, run.block, run.len, data);
        if (err)
            return err;
        left |= !may_alloc && (!run.block || run.unwritten);
        lblk += run.len;
        data += (size_t)run.len << fs->block_shift;
    }
    return left;
}

static void zero_tail(struct ext4_node *n, struct ext4_chunk *c, uint64_t page)
{
    uint64_t size = n->inode.size_bytes;

    if (size % PAGE_BYTES && page == size / PAGE_BYTES)
        memset(ext4_chunk_mem(c, page) + size % PAGE_BYTES, 0,
               PAGE_BYTES - size % PAGE_BYTES);
}

static int write_chunk(struct ext4_node *n, struct ext4_chunk *c,
                       bool may_alloc)
{
    uint64_t page = (uint64_t)c->index * CHUNK_PAGES, end = page + c->nr_pages;
    int err = 0;

    while (err >= 0 && page < end) {
        uint64_t stop = page;

        err = 0;
        while (stop < end && ext4_bit(c->dirty, stop))
            zero_tail(n, c, stop++);
        if (stop > page)
            err = write_run(n, c, page, stop - page, may_alloc);
        for (; !err && page < stop; page++)
            ext4_page_clean(c, page);
        page = stop + (stop < end);
    }
    return err < 0 ? err : 0;
}

static int write_node(struct ext4_node *n, bool may_alloc)
{
    int err = ext4_map_clean(n);

    for (uint32_t i = 0; !err && n->nr_dirty && i < n->nr_chunks; i++) {
        struct ext4_chunk *c = n->chunks[i];

        c->pins++;
        err = write_chunk(n, c, may_alloc);
        c->pins--;
    }
    if (!err)
        n->ordered = false;
    return err;
}

/* When mappings changed it. */
static int take_times(struct ext4_node *n)
{
    int err = n->has_new_times ? ext4_begin(n->fs) : 0;

    if (err || !n->has_new_times)
        return err;
    n->has_new_times = false;
    return ext4_node_dirty(n);
}

int ext4_data_write(struct ext4_node *n)
{
    int err = take_times(n);

    return err ? err : write_node(n, true);
}

int ext4_data_write_ordered(struct ext4 *fs)
{
    int err = 0;

    list_for_each_safe(pos, &fs->dirty_data)
    {
        struct ext4_node *n = container_of(pos, struct ext4_node, dirty_data);

        if (!err && n->ordered)
            err = write_node(n, false);
    }
    return err;
}

int ext4_data_write_all(struct ext4 *fs)
{
    int err = 0;

    while (!err && !list_empty(&fs->dirty_data))
        err = ext4_data_write(
            container_of(fs->dirty_data.next, struct ext4_node, dirty_data));
    return err;
}
