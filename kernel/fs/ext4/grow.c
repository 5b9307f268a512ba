/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks for a part of a file that is to be written.
 */
#include "kernel/fs/ext4/ext4.h"

enum { ALLOC_MAX = 8192, SPARE_BLOCKS = 8 };

/* Behind what comes before it in the file; else near the inode. */
static uint64_t goal_of(struct ext4_node *n, uint32_t lblk)
{
    struct ext4_run before;

    if (lblk && !ext4_map(n, lblk - 1, &before) && before.block)
        return before.block + 1;
    return ext4_group_start(n->fs, (uint32_t)(n->inode.ino - 1) /
                                       n->fs->inodes_per_group);
}

static void now_data(struct ext4_node *n)
{
    n->ordered = true;
    n->sync_tid = n->fs->tid;
}

static int write_unwritten(struct ext4_node *n, uint32_t lblk,
                           struct ext4_run *run)
{
    if (ext4_free_blocks(n->fs) < SPARE_BLOCKS)
        return -ENOSPC;
    now_data(n);
    run->unwritten = false;
    return ext4_extent_written(n, lblk, run->len);
}

static int fill_hole(struct ext4_node *n, uint32_t lblk, struct ext4_run *run,
                     bool unwritten)
{
    uint32_t want = run->len < ALLOC_MAX ? run->len : ALLOC_MAX;
    struct ext4 *fs = n->fs;
    int err = ext4_alloc(fs, goal_of(n, lblk), want, &run->block, &run->len);

    if (err)
        return err;
    err = ext4_extent_add(n, lblk, run->block, run->len, unwritten);
    if (err) {
        ext4_free(fs, run->block, run->len);
        ext4_node_dirty(n); /* the tree may have grown in vain */
        return err;
    }
    run->unwritten = unwritten;
    n->nr_sectors += (uint64_t)run->len * (fs->block_bytes / 512);
    if (!unwritten)
        now_data(n);
    return ext4_node_dirty(n);
}

int ext4_map_new(struct ext4_node *n, uint32_t lblk, uint32_t len,
                 struct ext4_run *run, bool unwritten, bool *fresh)
{
    int err = ext4_map(n, lblk, run);

    if (err)
        return err;
    run->len = run->len < len ? run->len : len;
    *fresh = !run->block || run->unwritten;
    if (!run->block)
        return fill_hole(n, lblk, run, unwritten);
    return run->unwritten && !unwritten ? write_unwritten(n, lblk, run) : 0;
}
