/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file's size: longer, shorter, allocated in advance, with holes.
 */
#include <linux/falloc.h>

#include "kernel/fs/ext4/ext4.h"
#include "lib/string.h"

uint64_t ext4_size_max(const struct ext4 *fs)
{
    return ((UINT64_C(1) << 32) - 1) << fs->block_shift;
}

static uint64_t blocks_of(const struct ext4 *fs, uint64_t bytes)
{
    return (bytes + fs->block_bytes - 1) >> fs->block_shift;
}

/* [off, end) within one page becomes zero, on disk too if it is there. */
static int zero_part(struct ext4_node *n, uint64_t off, uint64_t end)
{
    uint64_t page = off / PAGE_BYTES;
    struct ext4_chunk *c;
    int err;

    if (off >= end)
        return 0;
    err = ext4_pages_fill(n, page, 1);
    if (err)
        return err;
    c = ext4_chunk_find(n, page);
    memset(ext4_chunk_mem(c, page) + off % PAGE_BYTES, 0, end - off);
    ext4_page_dirty(c, page);
    n->ordered = true;
    return 0;
}

/* A mapping, or Linux, may have left bytes behind the end. */
int ext4_clear_tail(struct ext4_node *n)
{
    uint64_t size = n->inode.size_bytes;

    return zero_part(n, size, size + -size % PAGE_BYTES);
}

int ext4_extend(struct ext4_node *n, uint64_t size)
{
    if (size <= n->inode.size_bytes)
        return 0;
    n->inode.size_bytes = size;
    n->sync_tid = n->fs->tid;
    return ext4_node_dirty(n);
}

static int grow(struct ext4_node *n, uint64_t size)
{
    int err = size > ext4_size_max(n->fs) ? -EFBIG : ext4_begin(n->fs);

    if (!err)
        err = ext4_clear_tail(n);
    return err ? err : ext4_extend(n, size);
}

static int shrink(struct ext4_node *n, uint64_t size)
{
    struct ext4 *fs = n->fs;
    uint64_t old = n->inode.size_bytes;
    bool was_orphan = n->is_orphan;
    int err = ext4_begin(fs);

    if (!err)
        err = ext4_orphan_add(n);
    if (err)
        return err;
    n->inode.size_bytes = size;
    n->sync_tid = fs->tid;
    mm_truncated(&n->backing);
    ext4_pages_zero(n, (size + PAGE_BYTES - 1) / PAGE_BYTES,
                    (old + PAGE_BYTES - 1) / PAGE_BYTES);
    err = ext4_cut_all(n, (uint32_t)blocks_of(fs, size), UINT64_C(1) << 32);
    if (!err)
        err = ext4_begin(fs);
    return err || was_orphan ? err : ext4_orphan_del(n);
}

int ext4_truncate(struct ext4_node *n, uint64_t size)
{
    uint64_t old = n->inode.size_bytes;
    int err;

    if (size > old)
        return grow(n, size);
    if (blocks_of(n->fs, size) == UINT64_C(1) << 32)
        return 0;
    err = shrink(n, size);
    /* what is left of the last page, for who reads it through a mapping */
    if (!err && size % PAGE_BYTES && size < old) {
        struct ext4_chunk *c = ext4_chunk_find(n, size / PAGE_BYTES);

        if (c && ext4_bit(c->valid, size / PAGE_BYTES))
            memset(ext4_chunk_mem(c, size / PAGE_BYTES) + size % PAGE_BYTES, 0,
                   PAGE_BYTES - size % PAGE_BYTES);
    }
    return err;
}

/* Blocks of which all bytes lie in the range are given up. */
static int punch(struct ext4_node *n, uint64_t off, uint64_t end)
{
    struct ext4 *fs = n->fs;
    uint64_t first = off + -off % PAGE_BYTES, last = end - end % PAGE_BYTES;
    uint64_t size = n->inode.size_bytes;
    int err = ext4_begin(fs);

    if (err)
        return err;
    end = end < size ? end : size;
    if (off >= end)
        return 0;
    n->sync_tid = fs->tid;
    if (first > last)
        return zero_part(n, off, end);
    err = zero_part(n, off, first < end ? first : end);
    if (!err && end > last)
        err = zero_part(n, last, end);
    if (err || first >= last)
        return err;
    ext4_pages_zero(n, first / PAGE_BYTES, last / PAGE_BYTES);
    return ext4_cut_all(n, (uint32_t)(first >> fs->block_shift),
                        last >> fs->block_shift);
}

static int allocate(struct ext4_node *n, uint64_t off, uint64_t end)
{
    struct ext4 *fs = n->fs;
    uint64_t lblk = off >> fs->block_shift, stop = blocks_of(fs, end);
    int err = 0;

    while (!err && lblk < stop) {
        struct ext4_run run;
        bool fresh;

        err = ext4_begin(fs);
        if (!err)
            err = ext4_map_new(n, (uint32_t)lblk,
                               (uint32_t)(stop - lblk < UINT32_MAX / 2
                                              ? stop - lblk
                                              : UINT32_MAX / 2),
                               &run, true, &fresh);
        if (!err)
            lblk += run.len;
    }
    return err;
}

int ext4_fallocate(struct file *f, int mode, uint64_t off, uint64_t len)
{
    const int known =
        FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE;
    struct ext4_node *n = ext4_node_of(f->inode);
    bool keep_size = mode & FALLOC_FL_KEEP_SIZE;
    int err = 0;

    if ((mode & ~known) || ((mode & FALLOC_FL_PUNCH_HOLE) && !keep_size))
        return -EOPNOTSUPP;
    if (len > ext4_size_max(n->fs) || off > ext4_size_max(n->fs) - len)
        return -EFBIG;
    if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
        err = punch(n, off, off + len);
    if (!err && !(mode & FALLOC_FL_PUNCH_HOLE))
        err = allocate(n, off, off + len);
    if (!err && !keep_size && off + len > n->inode.size_bytes)
        err = grow(n, off + len);
    if (err)
        return err;
    inode_touch(&n->inode);
    return ext4_node_dirty(n);
}
