/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks: a run near the goal if there is one, else the longest in the first
 * group that has room. What was freed since the last commit still belongs to
 * the file system that a crash would leave behind, and is not given out.
 */
#include "kernel/core/alloc.h"
#include "kernel/fs/ext4/ext4.h"
#include "lib/string.h"

static bool used(const uint8_t *map, uint32_t bit)
{
    return map[bit / 8] >> bit % 8 & 1;
}

/* The first bit in [from, end) that is used, or not; end if there is none. */
static uint32_t next_bit(const uint8_t *map, uint32_t from, uint32_t end,
                         bool want_used)
{
    uint8_t skip = want_used ? 0 : 0xff;

    while (from < end) {
        if (from % 8 == 0 && map[from / 8] == skip)
            from += 8;
        else if (used(map, from) != want_used)
            from++;
        else
            return from;
    }
    return end;
}

/* Behind all freed runs that the block lies in. */
static uint64_t skip_freed(const struct ext4 *fs, uint64_t block)
{
    uint64_t from;

    do {
        from = block;
        for (uint32_t i = 0; i < fs->nr_freed; i++) {
            const struct ext4_freed *f = &fs->freed[i];

            if (f->start <= block && block - f->start < f->len)
                block = f->start + f->len;
        }
    } while (block != from);
    return block;
}

/* Cuts [*start, *start + *len) to its first part that is not on the list of
 * freed runs; *len 0: there is none. */
static void avoid_freed(const struct ext4 *fs, uint64_t *start, uint32_t *len)
{
    uint64_t end = *start + *len;

    *start = skip_freed(fs, *start);
    for (uint32_t i = 0; i < fs->nr_freed; i++)
        if (fs->freed[i].start > *start && fs->freed[i].start < end)
            end = fs->freed[i].start;
    *len = *start < end ? (uint32_t)(end - *start) : 0;
}

struct found {
    uint64_t block;
    uint32_t len;
};

/* The best run of the group from bit on: the first that is long enough. */
static void search(struct ext4 *fs, uint32_t group, const uint8_t *map,
                   uint32_t bit, uint32_t want, struct found *best)
{
    uint32_t end = ext4_group_blocks(fs, group);

    while (best->len < want) {
        uint64_t start;
        uint32_t len, after;

        bit = next_bit(map, bit, end, false);
        if (bit == end)
            return;
        after = next_bit(map, bit, end, true);
        start = ext4_group_start(fs, group) + bit;
        len = after - bit;
        avoid_freed(fs, &start, &len);
        if (len > best->len)
            *best = (struct found){start, len};
        bit =
            len ? (uint32_t)(start - ext4_group_start(fs, group)) + len : after;
    }
}

static int take(struct ext4 *fs, struct ext4_group_ref *g, struct ext4_buf *map,
                const struct found *run)
{
    uint32_t bit = (uint32_t)(run->block - ext4_group_start(fs, g->nr));
    uint32_t free = ext4_group_free(fs, g->desc);

    if (free < run->len || ext4_free_blocks(fs) < run->len ||
        run->block <= fs->first_data_block)
        return ext4_damaged(fs, "numbers of free blocks, group", g->nr);
    for (uint32_t i = bit; i < bit + run->len; i++)
        map->data[i / 8] |= (uint8_t)(1 << i % 8);
    ext4_group_set_free(fs, g->desc, free - run->len);
    ext4_block_bitmap_dirty(fs, g, map);
    ext4_set_free_blocks(fs, ext4_free_blocks(fs) - run->len);
    return 0;
}

/* 0 with run->len 0: the group has nothing to give. */
static int alloc_in(struct ext4 *fs, uint32_t group, uint32_t bit,
                    uint32_t want, struct found *run)
{
    struct ext4_group_ref g;
    struct ext4_buf *map;
    int err = ext4_group_get(fs, group, &g);

    run->len = 0;
    if (err)
        return err;
    if (ext4_group_free(fs, g.desc)) {
        err = ext4_block_bitmap(fs, &g, &map);
        if (!err) {
            search(fs, group, map->data, bit, want, run);
            if (bit && run->len < want)
                search(fs, group, map->data, 0, want, run);
            run->len = run->len < want ? run->len : want;
            if (run->len)
                err = take(fs, &g, map, run);
            ext4_buf_put(map);
        }
    }
    ext4_buf_put(g.buf);
    return err;
}

int ext4_alloc(struct ext4 *fs, uint64_t goal, uint32_t want, uint64_t *block,
               uint32_t *got)
{
    uint32_t group, bit;
    struct found run;

    if (goal < fs->first_data_block || goal >= fs->nr_blocks)
        goal = fs->first_data_block;
    goal -= fs->first_data_block;
    group = (uint32_t)(goal / fs->blocks_per_group);
    bit = (uint32_t)(goal % fs->blocks_per_group);
    for (uint32_t i = 0; i < fs->nr_groups; i++) {
        int err = alloc_in(fs, group, bit, want, &run);

        if (err)
            return err;
        if (run.len) {
            *block = run.block;
            *got = run.len;
            return 0;
        }
        group = group + 1 < fs->nr_groups ? group + 1 : 0;
        bit = 0;
    }
    return -ENOSPC;
}

static int remember_freed(struct ext4 *fs, uint64_t block, uint64_t nr)
{
    if (fs->nr_freed == fs->max_freed) {
        uint32_t max = fs->max_freed ? fs->max_freed * 2 : 64;
        struct ext4_freed *p = krealloc(fs->freed, max * sizeof(*p));

        if (!p)
            return -ENOMEM;
        fs->freed = p;
        fs->max_freed = max;
    }
    fs->freed[fs->nr_freed++] = (struct ext4_freed){block, nr};
    fs->freed_blocks += nr;
    return 0;
}

static int free_in(struct ext4 *fs, uint32_t group, uint64_t block, uint32_t nr)
{
    uint32_t bit = (uint32_t)(block - ext4_group_start(fs, group));
    struct ext4_group_ref g;
    struct ext4_buf *map;
    int err = ext4_group_get(fs, group, &g);

    if (err)
        return err;
    err = ext4_block_bitmap(fs, &g, &map);
    if (!err && next_bit(map->data, bit, bit + nr, false) != bit + nr) {
        err = ext4_damaged(fs, "a block is freed twice", block);
        ext4_buf_put(map);
    } else if (!err) {
        for (uint32_t i = bit; i < bit + nr; i++)
            map->data[i / 8] &= (uint8_t) ~(1 << i % 8);
        ext4_group_set_free(fs, g.desc, ext4_group_free(fs, g.desc) + nr);
        ext4_block_bitmap_dirty(fs, &g, map);
        ext4_buf_put(map);
    }
    ext4_buf_put(g.buf);
    return err;
}

int ext4_free(struct ext4 *fs, uint64_t block, uint64_t nr)
{
    int err;

    if (block <= fs->first_data_block || block >= fs->nr_blocks ||
        nr > fs->nr_blocks - block)
        return ext4_damaged(fs, "a block that is freed", block);
    err = remember_freed(fs, block, nr);
    while (!err && nr) {
        uint32_t group =
            (uint32_t)((block - fs->first_data_block) / fs->blocks_per_group);
        uint64_t end =
            ext4_group_start(fs, group) + ext4_group_blocks(fs, group);
        uint32_t n = (uint32_t)(nr < end - block ? nr : end - block);

        err = free_in(fs, group, block, n);
        if (!err)
            ext4_set_free_blocks(fs, ext4_free_blocks(fs) + n);
        block += n;
        nr -= n;
    }
    return err ? ext4_abort(fs, err, "freeing blocks") : 0;
}
