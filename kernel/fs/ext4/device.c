/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block device below, and what is said when it or its content is bad.
 */
#include "kernel/core/alloc.h"
#include "kernel/core/cpu.h"
#include "kernel/core/log.h"
#include "kernel/fs/ext4/ext4.h"
#include "lib/string.h"

enum { LATE_BYTES = 128 << 10 };

void ext4_tell_damage(struct ext4 *fs, const char *what, uint64_t where)
{
    klog(LOG_ERROR, "%s: damaged: %s (%lu); run e2fsck on it", fs->source, what,
         where);
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

static int write_now(struct ext4 *fs, uint64_t block, uint64_t nr,
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

/* What was put off reaches the device before anything else does. */
static int drain(struct ext4 *fs)
{
    uint32_t nr = fs->late.nr;
    int err;

    if (!nr)
        return 0;
    fs->late.nr = 0;
    err = write_now(fs, fs->late.block, nr, fs->late.data);
    return err ? ext4_abort(fs, err, "writing") : 0;
}

int ext4_read_blocks(struct ext4 *fs, uint64_t block, uint64_t nr, void *to)
{
    int err = drain(fs);

    if (err)
        return err;
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
    int err = drain(fs);

    return err ? err : write_now(fs, block, nr, from);
}

int ext4_write_late(struct ext4 *fs, uint64_t block, uint64_t nr,
                    const void *from)
{
    uint32_t room = LATE_BYTES >> fs->block_shift;
    int err = 0;

    if (!fs->late.data)
        fs->late.data = kmalloc(LATE_BYTES);
    if (nr > room / 2 || !fs->late.data)
        return ext4_write_blocks(fs, block, nr, from);
    if (fs->late.nr + nr > room || block != fs->late.block + fs->late.nr)
        err = drain(fs);
    if (err)
        return err;
    if (!fs->late.nr)
        fs->late.block = block;
    memcpy(fs->late.data + ((size_t)fs->late.nr << fs->block_shift), from,
           (size_t)nr << fs->block_shift);
    fs->late.nr += (uint32_t)nr;
    return 0;
}

int ext4_flush(struct ext4 *fs)
{
    int err = drain(fs);

    if (err || !fs->unflushed)
        return err;
    if (platform.ops.blk_write(fs->dev, NULL, 0, 0, 1))
        return -EIO;
    fs->unflushed = false;
    return 0;
}
