/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block device below, and what is said when it or its content is bad.
 */
#include "kernel/core/cpu.h"
#include "kernel/core/log.h"
#include "kernel/fs/ext4/ext4.h"

int ext4_damaged(struct ext4 *fs, const char *what, uint64_t where)
{
    klog(LOG_ERROR, "%s: damaged: %s (%lu); run e2fsck on it", fs->source, what,
         where);
    return -EUCLEAN;
}

int ext4_abort(struct ext4 *fs, int err, const char *what)
{
    if (!fs->aborted) {
        klog(LOG_ERROR, "%s: %s failed (error %d): read-only from now on",
             fs->source, what, -err);
        fs->aborted = err;
        fs->super.flags |= SUPER_RDONLY;
    }
    return err;
}

static bool inside(const struct ext4 *fs, uint64_t block, uint64_t nr)
{
    return block < fs->nr_blocks && nr <= fs->nr_blocks - block;
}

int ext4_read_blocks(struct ext4 *fs, uint64_t block, uint64_t nr, void *to)
{
    if (!inside(fs, block, nr))
        return ext4_damaged(fs, "a block lies outside", block);
    return platform.ops.blk_read(fs->dev, to, nr << fs->block_shift,
                                 fs->dev_off + (block << fs->block_shift))
               ? -EIO
               : 0;
}

int ext4_write_blocks(struct ext4 *fs, uint64_t block, uint64_t nr,
                      const void *from)
{
    if (fs->aborted)
        return -EIO;
    if (!inside(fs, block, nr))
        return ext4_damaged(fs, "a block lies outside", block);
    fs->unflushed = true;
    return platform.ops.blk_write(fs->dev, from, nr << fs->block_shift,
                                  fs->dev_off + (block << fs->block_shift), 0)
               ? -EIO
               : 0;
}

int ext4_flush(struct ext4 *fs)
{
    if (!fs->unflushed)
        return 0;
    if (platform.ops.blk_write(fs->dev, NULL, 0, 0, 1))
        return -EIO;
    fs->unflushed = false;
    return 0;
}
