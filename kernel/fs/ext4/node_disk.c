/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An inode as it lies in the table: fields, extra fields where there is room,
 * checksum; what of it is believed.
 */
#include "kernel/fs/ext4/crc32c.h"
#include "kernel/fs/ext4/node.h"
#include "kernel/fs/ext4/time.h"
#include "kernel/vfs/mode.h"
#include "lib/string.h"

/* Has the inode room for the field that ends there? */
static bool has_extra(const struct ext4 *fs, const struct ext4_inode *raw,
                      size_t end)
{
    return fs->inode_bytes > EXT4_GOOD_OLD_INODE_BYTES &&
           EXT4_GOOD_OLD_INODE_BYTES + (size_t)raw->extra_isize >= end;
}

#define HAS(fs, raw, field)                                                    \
    has_extra(fs, raw,                                                         \
              offsetof(struct ext4_inode, field) + sizeof((raw)->field))

static uint32_t checksum(struct ext4_node *n, struct ext4_inode *raw)
{
    struct ext4 *fs = n->fs;
    bool hi = HAS(fs, raw, checksum_hi);
    uint16_t old_lo = raw->checksum_lo, old_hi = hi ? raw->checksum_hi : 0;
    uint32_t crc;

    raw->checksum_lo = 0;
    if (hi)
        raw->checksum_hi = 0;
    crc = crc32c(n->seed, raw, fs->inode_bytes);
    raw->checksum_lo = old_lo;
    if (hi)
        raw->checksum_hi = old_hi;
    return hi ? crc : crc & 0xffff;
}

void ext4_node_checksum(struct ext4_node *n, struct ext4_inode *raw)
{
    uint32_t crc;

    if (!n->fs->csum)
        return;
    crc = checksum(n, raw);
    raw->checksum_lo = (uint16_t)crc;
    if (HAS(n->fs, raw, checksum_hi))
        raw->checksum_hi = (uint16_t)(crc >> 16);
}

void ext4_node_set_seed(struct ext4_node *n)
{
    uint32_t ino = (uint32_t)n->inode.ino;

    n->seed = crc32c(n->fs->seed, &ino, sizeof(ino));
    n->seed = crc32c(n->seed, &n->generation, sizeof(n->generation));
}

static void load_times(struct ext4_node *n, const struct ext4_inode *raw)
{
    struct ext4 *fs = n->fs;
    struct inode *i = &n->inode;

    i->atime_ns =
        ext4_time(raw->atime, HAS(fs, raw, atime_extra) ? raw->atime_extra : 0);
    i->mtime_ns =
        ext4_time(raw->mtime, HAS(fs, raw, mtime_extra) ? raw->mtime_extra : 0);
    i->ctime_ns =
        ext4_time(raw->ctime, HAS(fs, raw, ctime_extra) ? raw->ctime_extra : 0);
    i->btime_ns = HAS(fs, raw, crtime_extra)
                      ? ext4_time(raw->crtime, raw->crtime_extra)
                      : i->ctime_ns;
}

static void load_device(struct ext4_node *n)
{
    uint32_t word[2];

    memcpy(word, n->area, sizeof(word));
    n->inode.rdev = word[0] ? word[0] : word[1];
}

void ext4_node_load(struct ext4_node *n, const struct ext4_inode *raw)
{
    struct inode *i = &n->inode;
    uint64_t sectors = ext4_join(raw->blocks_lo, raw->blocks_hi);

    i->mode = raw->mode;
    i->nlink = raw->links;
    i->uid = raw->uid_lo | (uint32_t)raw->uid_hi << 16;
    i->gid = raw->gid_lo | (uint32_t)raw->gid_hi << 16;
    i->size_bytes = ext4_join(raw->size_lo, raw->size_hi);
    n->flags = raw->flags;
    n->dtime = raw->dtime;
    n->generation = raw->generation;
    n->file_acl = ext4_join(raw->file_acl_lo, raw->file_acl_hi);
    n->nr_sectors = raw->flags & EXT4_HUGE_FILE_FL
                        ? sectors << (n->fs->block_shift - 9)
                        : sectors;
    memcpy(n->area, raw->block, sizeof(n->area));
    load_times(n, raw);
    if (S_ISCHR(i->mode) || S_ISBLK(i->mode))
        load_device(n);
}

int ext4_node_check(struct ext4_node *n, struct ext4_inode *raw)
{
    struct ext4 *fs = n->fs;
    const struct inode *i = &n->inode;
    bool tree = S_ISREG(i->mode) || S_ISDIR(i->mode);
    uint32_t got;

    if (fs->inode_bytes > EXT4_GOOD_OLD_INODE_BYTES &&
        (raw->extra_isize % 4 ||
         raw->extra_isize > fs->inode_bytes - EXT4_GOOD_OLD_INODE_BYTES))
        return ext4_damaged(fs, "size of an inode", i->ino);
    got = raw->checksum_lo |
          (HAS(fs, raw, checksum_hi) ? (uint32_t)raw->checksum_hi << 16 : 0);
    if (fs->csum && got != checksum(n, raw))
        return ext4_damaged(fs, "checksum of an inode", i->ino);
    if (i->size_bytes > (UINT64_C(1) << 44) ||
        (S_ISDIR(i->mode) &&
         (i->size_bytes % fs->block_bytes || i->size_bytes > UINT32_MAX)))
        return ext4_damaged(fs, "size of a file, inode", i->ino);
    if (n->flags & (EXT4_INLINE_DATA_FL | EXT4_EA_INODE_FL))
        return ext4_damaged(fs, "flags of an inode", i->ino);
    if (tree && !(n->flags & EXT4_EXTENTS_FL))
        return ext4_damaged(fs, "a file of ext2 or ext3, inode", i->ino);
    return 0;
}

static void store_times(struct ext4_node *n, struct ext4_inode *raw)
{
    struct ext4 *fs = n->fs;
    const struct inode *i = &n->inode;

    raw->atime = ext4_seconds(i->atime_ns);
    raw->mtime = ext4_seconds(i->mtime_ns);
    raw->ctime = ext4_seconds(i->ctime_ns);
    if (HAS(fs, raw, ctime_extra))
        raw->ctime_extra = ext4_extra(i->ctime_ns);
    if (HAS(fs, raw, mtime_extra))
        raw->mtime_extra = ext4_extra(i->mtime_ns);
    if (HAS(fs, raw, atime_extra))
        raw->atime_extra = ext4_extra(i->atime_ns);
    if (HAS(fs, raw, crtime_extra)) {
        raw->crtime = ext4_seconds(i->btime_ns);
        raw->crtime_extra = ext4_extra(i->btime_ns);
    }
}

void ext4_node_put(struct ext4_node *n, struct ext4_inode *raw)
{
    const struct inode *i = &n->inode;

    n->flags &= ~(uint32_t)EXT4_HUGE_FILE_FL;
    raw->mode = (uint16_t)i->mode;
    raw->links = (uint16_t)i->nlink;
    raw->uid_lo = (uint16_t)i->uid;
    raw->uid_hi = (uint16_t)(i->uid >> 16);
    raw->gid_lo = (uint16_t)i->gid;
    raw->gid_hi = (uint16_t)(i->gid >> 16);
    raw->size_lo = (uint32_t)i->size_bytes;
    raw->size_hi = (uint32_t)(i->size_bytes >> 32);
    raw->blocks_lo = (uint32_t)n->nr_sectors;
    raw->blocks_hi = (uint16_t)(n->nr_sectors >> 32);
    raw->flags = n->flags;
    raw->dtime = n->dtime;
    raw->generation = n->generation;
    raw->file_acl_lo = (uint32_t)n->file_acl;
    raw->file_acl_hi = (uint16_t)(n->file_acl >> 32);
    memcpy(raw->block, n->area, sizeof(n->area));
    store_times(n, raw);
    ext4_node_checksum(n, raw);
}
