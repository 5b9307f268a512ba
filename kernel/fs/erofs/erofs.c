/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EROFS: super block, inodes and file data. All accesses go through at().
 */
#include "kernel/fs/erofs/erofs.h"

#include <linux/errno.h>

#include "kernel/fs/erofs/format.h"
#include "lib/string.h"

#ifndef EUCLEAN
#define EUCLEAN 117
#endif

enum {
    PAGE_BYTES = 4096,
    TYPE_MASK = 0170000, /* stat(2)'s; also built where Linux hides them */
    TYPE_DIR = 0040000,
    TYPE_REG = 0100000,
    TYPE_LINK = 0120000,
};
#define NSEC INT64_C(1000000000)
#define SECONDS_MAX UINT64_C(9000000000) /* fits nanoseconds in 64 bits */

/* [off, off+len) of the image, or NULL. */
static const void *at(const struct erofs *fs, uint64_t off, uint64_t len)
{
    if (off > fs->len_bytes || len > fs->len_bytes - off)
        return NULL;
    return fs->base + off;
}

static int64_t to_ns(uint64_t seconds, uint32_t nsec)
{
    if (seconds > SECONDS_MAX || nsec >= NSEC)
        return 0;
    return (int64_t)seconds * NSEC + nsec;
}

int erofs_open(struct erofs *fs, const void *image, uint64_t len_bytes)
{
    struct erofs_super_disk sb;
    struct erofs_node root;
    const void *p;

    memset(fs, 0, sizeof(*fs));
    fs->base = image;
    fs->len_bytes = len_bytes;
    p = at(fs, EROFS_SUPER_OFF, sizeof(sb));
    if (!p)
        return -EINVAL;
    memcpy(&sb, p, sizeof(sb));
    if (sb.magic != EROFS_MAGIC)
        return -EINVAL;
    if ((sb.feature_incompat & ~EROFS_INCOMPAT_ZERO_PADDING) ||
        sb.block_bits < 9 || sb.block_bits > 16)
        return -EOPNOTSUPP;
    fs->block_bits = sb.block_bits;
    fs->meta_off = (uint64_t)sb.meta_block << sb.block_bits;
    fs->xattr_off = (uint64_t)sb.xattr_block << sb.block_bits;
    fs->root_nid = sb.root_nid;
    fs->nr_inodes = sb.nr_inodes;
    fs->build_time_ns = to_ns(sb.build_time, sb.build_time_nsec);
    if (erofs_node(fs, fs->root_nid, &root) ||
        (root.mode & TYPE_MASK) != TYPE_DIR)
        return -EUCLEAN;
    return 0;
}

static void from_compact(const struct erofs *fs, const void *p,
                         struct erofs_node *n, uint32_t *u)
{
    struct erofs_inode_compact d;

    memcpy(&d, p, sizeof(d));
    n->mode = d.mode;
    n->nlink = d.nlink;
    n->size_bytes = d.size;
    n->ino = d.ino;
    n->uid = d.uid;
    n->gid = d.gid;
    n->mtime_ns = fs->build_time_ns;
    *u = d.block_or_rdev;
}

static void from_extended(const void *p, struct erofs_node *n, uint32_t *u)
{
    struct erofs_inode_extended d;

    memcpy(&d, p, sizeof(d));
    n->mode = d.mode;
    n->nlink = d.nlink;
    n->size_bytes = d.size;
    n->ino = d.ino;
    n->uid = d.uid;
    n->gid = d.gid;
    n->mtime_ns = to_ns(d.mtime, d.mtime_nsec);
    *u = d.block_or_rdev;
}

/* Where the data is, all of it inside the image. */
static int place_data(const struct erofs *fs, struct erofs_node *n,
                      uint32_t layout, uint64_t behind, uint32_t block)
{
    uint64_t block_bytes = UINT64_C(1) << fs->block_bits;
    uint64_t whole = n->size_bytes;

    n->data_off = (uint64_t)block << fs->block_bits;
    if (layout == EROFS_FLAT_INLINE) {
        uint64_t tail = n->size_bytes & (block_bytes - 1);

        whole -= tail;
        n->inline_off = behind;
        n->inline_pos = whole;
        if (!at(fs, behind, tail))
            return -EUCLEAN;
    } else if (layout != EROFS_FLAT_PLAIN) {
        return -EOPNOTSUPP;
    }
    return whole && !at(fs, n->data_off, whole) ? -EUCLEAN : 0;
}

int erofs_node(const struct erofs *fs, uint64_t nid, struct erofs_node *n)
{
    uint64_t off, inode_bytes;
    uint16_t head[2]; /* format, xattr_count */
    const void *p;
    uint32_t u, type;

    memset(n, 0, sizeof(*n));
    if (nid > fs->len_bytes / EROFS_SLOT_BYTES)
        return -EUCLEAN;
    off = fs->meta_off + nid * EROFS_SLOT_BYTES;
    p = at(fs, off, sizeof(struct erofs_inode_compact));
    if (!p)
        return -EUCLEAN;
    memcpy(head, p, sizeof(head));
    inode_bytes = head[0] & 1 ? sizeof(struct erofs_inode_extended)
                              : sizeof(struct erofs_inode_compact);
    if (!at(fs, off, inode_bytes))
        return -EUCLEAN;
    if (head[0] & 1)
        from_extended(p, n, &u);
    else
        from_compact(fs, p, n, &u);
    type = n->mode & TYPE_MASK;
    n->nid = nid;
    n->xattr_off = off + inode_bytes;
    n->xattr_len = head[1] ? EROFS_XATTR_HEADER + 4u * (head[1] - 1) : 0;
    if (!at(fs, n->xattr_off, n->xattr_len) || (int64_t)n->size_bytes < 0)
        return -EUCLEAN;
    if (type == TYPE_REG || type == TYPE_DIR || type == TYPE_LINK)
        return place_data(fs, n, (head[0] >> 1) & 7,
                          n->xattr_off + n->xattr_len, u);
    n->rdev = u;
    n->size_bytes = 0;
    return 0;
}

const void *erofs_data(const struct erofs *fs, const struct erofs_node *n,
                       uint64_t off, uint64_t *len)
{
    uint64_t end = n->size_bytes;
    uint64_t from = n->data_off + off;

    if (off >= end)
        return NULL;
    if (n->inline_off && off >= n->inline_pos)
        from = n->inline_off + (off - n->inline_pos);
    else if (n->inline_off)
        end = n->inline_pos;
    if (*len > end - off)
        *len = end - off;
    return at(fs, from, *len);
}

bool erofs_mappable(const struct erofs_node *n)
{
    return !n->inline_off && n->data_off % PAGE_BYTES == 0;
}
