/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The superblock: which file systems are accepted, and its counters.
 */
#include "kernel/core/alloc.h"
#include "kernel/core/cpu.h"
#include "kernel/core/log.h"
#include "kernel/fs/ext4/crc32c.h"
#include "kernel/fs/ext4/ext4.h"
#include "lib/string.h"

enum {
    INCOMPAT = EXT4_FILETYPE | EXT4_RECOVER | EXT4_EXTENTS | EXT4_64BIT |
               EXT4_FLEX_BG | EXT4_CSUM_SEED,
    RO_COMPAT = EXT4_SPARSE_SUPER | EXT4_LARGE_FILE | EXT4_HUGE_FILE |
                EXT4_DIR_NLINK | EXT4_EXTRA_ISIZE | EXT4_METADATA_CSUM,
    CHECKSUM_CRC32C = 1,
};

struct feature {
    uint32_t bit;
    const char *name; /* as mke2fs(8) calls it */
};

static const struct feature incompat_names[] = {
    {0x1, "compression"},  {0x8, "journal_dev"},    {0x10, "meta_bg"},
    {0x100, "mmp"},        {0x400, "ea_inode"},     {0x1000, "dirdata"},
    {0x4000, "large_dir"}, {0x8000, "inline_data"}, {0x10000, "encrypt"},
    {0x20000, "casefold"},
};

static const struct feature compat_names[] = {
    {EXT4_SPARSE_SUPER2, "sparse_super2"},
};

static const struct feature ro_names[] = {
    {0x4, "btree_dir"},
    {0x10, "uninit_bg"},
    {0x80, "snapshot"},
    {0x100, "quota"},
    {0x200, "bigalloc"},
    {0x800, "replica"},
    {0x1000, "read-only"},
    {0x2000, "project"},
    {0x4000, "shared_blocks"},
    {0x8000, "verity"},
    {0x10000, "orphan_file with orphans in it"},
};

static int refuse(struct ext4 *fs, const struct feature *names, size_t nr,
                  uint32_t bits, const char *how)
{
    const char *name = "one newer than this program";

    for (size_t i = 0; i < nr; i++)
        if (bits & names[i].bit)
            name = names[i].name;
    klog(LOG_ERROR,
         "%s: it has a feature that is not supported%s: %s (make it with "
         "mke2fs -t ext4 -O ^NAME, or with \"einkorn disk create\")",
         fs->source, how, name);
    return -EOPNOTSUPP;
}

static int check_features(struct ext4 *fs, const struct ext4_super *s)
{
    uint32_t bad = s->feature_incompat & ~(uint32_t)INCOMPAT;

    if (bad)
        return refuse(fs, incompat_names, ARRAY_LEN(incompat_names), bad, "");
    bad = s->feature_ro_compat & ~(uint32_t)RO_COMPAT;
    if (bad && !fs->read_only)
        return refuse(fs, ro_names, ARRAY_LEN(ro_names), bad,
                      " but for reading");
    if (s->feature_compat & EXT4_SPARSE_SUPER2)
        return refuse(fs, compat_names, ARRAY_LEN(compat_names),
                      EXT4_SPARSE_SUPER2, "");
    if (!(s->feature_incompat & EXT4_FILETYPE) ||
        !(s->feature_incompat & EXT4_EXTENTS)) {
        klog(LOG_ERROR, "%s: it is ext2 or ext3, not ext4", fs->source);
        return -EOPNOTSUPP;
    }
    return 0;
}

static uint32_t checksum(const struct ext4_super *s)
{
    return crc32c(~0u, s, offsetof(struct ext4_super, checksum));
}

static int check_checksum(struct ext4 *fs, const struct ext4_super *s)
{
    fs->csum = s->feature_ro_compat & EXT4_METADATA_CSUM;
    if (!fs->csum)
        return 0;
    if (s->checksum_type != CHECKSUM_CRC32C || s->checksum != checksum(s))
        return ext4_damaged(fs, "checksum of the superblock", 0);
    fs->seed = s->feature_incompat & EXT4_CSUM_SEED
                   ? s->checksum_seed
                   : crc32c(~0u, s->uuid, sizeof(s->uuid));
    return 0;
}

static bool sizes_are_sane(const struct ext4 *fs, const struct ext4_super *s)
{
    uint64_t left = fs->nr_blocks - fs->first_data_block;
    uint32_t bits = fs->block_bytes * 8;
    uint64_t groups;

    if (fs->nr_blocks <= fs->first_data_block ||
        fs->first_data_block != (fs->block_bytes == 1024) ||
        fs->nr_blocks > fs->dev_bytes >> fs->block_shift)
        return false;
    if (!fs->blocks_per_group || fs->blocks_per_group > bits ||
        fs->blocks_per_group % 8 || !fs->inodes_per_group ||
        fs->inodes_per_group > bits || fs->inodes_per_group % 8 ||
        s->clusters_per_group != s->blocks_per_group)
        return false;
    if (fs->inode_bytes < EXT4_GOOD_OLD_INODE_BYTES ||
        fs->inode_bytes > fs->block_bytes ||
        (fs->inode_bytes & (fs->inode_bytes - 1)))
        return false;
    if (fs->desc_bytes < EXT4_GROUP_SHORT || fs->desc_bytes > fs->block_bytes ||
        (fs->desc_bytes & (fs->desc_bytes - 1)))
        return false;
    groups = (left + fs->blocks_per_group - 1) / fs->blocks_per_group;
    return groups <= (UINT64_C(1) << 31) / fs->inodes_per_group &&
           s->inodes_count == groups * fs->inodes_per_group &&
           s->first_ino > EXT4_JOURNAL_INO && s->first_ino < s->inodes_count;
}

static int read_sizes(struct ext4 *fs, const struct ext4_super *s)
{
    bool wide = s->feature_incompat & EXT4_64BIT;

    if (s->log_block_size > 2) {
        klog(LOG_ERROR, "%s: its blocks are larger than 4096 bytes",
             fs->source);
        return -EOPNOTSUPP;
    }
    fs->block_shift = 10 + s->log_block_size;
    fs->block_bytes = 1u << fs->block_shift;
    fs->blocks_per_page = PAGE_BYTES >> fs->block_shift;
    fs->nr_blocks =
        ext4_join(s->blocks_count_lo, wide ? s->blocks_count_hi : 0);
    fs->first_data_block = s->first_data_block;
    fs->blocks_per_group = s->blocks_per_group;
    fs->inodes_per_group = s->inodes_per_group;
    fs->inode_bytes = s->inode_size;
    fs->desc_bytes = wide ? s->desc_size : EXT4_GROUP_SHORT;
    if (!sizes_are_sane(fs, s) || (wide && fs->desc_bytes < EXT4_GROUP_LONG))
        return ext4_damaged(fs,
                            "sizes in the superblock (or the device is "
                            "smaller than its file system), blocks",
                            fs->nr_blocks);
    fs->nr_groups = s->inodes_count / fs->inodes_per_group;
    return 0;
}

static int check(struct ext4 *fs, const struct ext4_super *s)
{
    int err;

    if (s->magic != EXT4_MAGIC) {
        klog(LOG_ERROR,
             "%s: no ext4 file system is on it (einkorn disk "
             "create makes one)",
             fs->source);
        return -EINVAL;
    }
    if (s->rev_level != 1)
        return ext4_damaged(fs, "revision in the superblock", s->rev_level);
    err = check_features(fs, s);
    if (!err)
        err = check_checksum(fs, s);
    if (!err && s->state & EXT4_STATE_ERROR)
        err = ext4_damaged(fs, "errors were found there before", s->state);
    return err ? err : read_sizes(fs, s);
}

int ext4_super_read(struct ext4 *fs)
{
    struct ext4_super *s = kmalloc(sizeof(*s));
    int err = s ? 0 : -ENOMEM;

    if (!err && (fs->dev_bytes < EXT4_SUPER_OFFSET + EXT4_SUPER_BYTES ||
                 platform.ops.blk_read(fs->dev, s, EXT4_SUPER_BYTES,
                                       fs->dev_off + EXT4_SUPER_OFFSET)))
        err = -EIO;
    if (!err)
        err = check(fs, s);
    kfree(s);
    if (err)
        return err;
    err = ext4_buf_get(fs, fs->first_data_block, EXT4_PLAIN, &fs->super_buf);
    if (!err)
        fs->sb = (struct ext4_super *)(fs->super_buf->data +
                                       EXT4_SUPER_OFFSET % fs->block_bytes);
    return err;
}

static void seal(struct ext4 *fs)
{
    fs->sb->wtime = (uint32_t)(clock_real_ns() / (int64_t)NSEC_PER_SEC);
    if (fs->csum)
        fs->sb->checksum = checksum(fs->sb);
}

void ext4_super_dirty(struct ext4 *fs)
{
    seal(fs);
    ext4_buf_dirty(fs, fs->super_buf);
}

int ext4_super_write(struct ext4 *fs)
{
    int err;

    seal(fs);
    err = ext4_write_blocks(fs, fs->first_data_block, 1, fs->super_buf->data);
    return err ? err : ext4_flush(fs);
}

uint64_t ext4_free_blocks(const struct ext4 *fs)
{
    return ext4_join(fs->sb->free_blocks_lo, fs->sb->free_blocks_hi);
}

void ext4_set_free_blocks(struct ext4 *fs, uint64_t nr)
{
    fs->sb->free_blocks_lo = (uint32_t)nr;
    fs->sb->free_blocks_hi = (uint32_t)(nr >> 32);
    ext4_super_dirty(fs);
}
