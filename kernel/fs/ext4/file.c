/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Regular files: read, write, seek, sync.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/resource.h>

#include "kernel/fs/ext4/ext4.h"
#include "kernel/mm/shm_loan.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/mode.h"
#include "kernel/vfs/notify.h"
#include "kernel/vfs/seek.h"
#include "lib/string.h"

int ext4_mark_accessed(struct inode *inode)
{
    int64_t old = inode->atime_ns;
    int err;

    inode_accessed(inode);
    if (inode->atime_ns == old)
        return 0;
    err = ext4_begin(ext4_node_of(inode)->fs);
    return err ? err : ext4_node_dirty(ext4_node_of(inode));
}

static int64_t read(struct file *f, struct uio *to, uint64_t *off)
{
    struct ext4_node *n = ext4_node_of(f->inode);
    int64_t done = 0;

    while (to->resid_bytes && *off < n->inode.size_bytes) {
        uint64_t len = n->inode.size_bytes - *off;
        uint8_t *p;
        int64_t got;
        int err;

        len = len < to->resid_bytes ? len : to->resid_bytes;
        err = ext4_read_at(n, *off, &len, &p);
        if (err)
            return done ? done : err;
        got = uio_put(to, p, len);
        if (got <= 0)
            return done ? done : got;
        *off += (uint64_t)got;
        done += got;
    }
    if (!(f->flags & O_NOATIME))
        ext4_mark_accessed(f->inode);
    if (done)
        notify_dentry(f->dentry, NOTIFY_ACCESS);
    return done;
}

static const void *lend(struct file *f, uint64_t off, uint64_t *len,
                        struct loan **loan)
{
    struct ext4_node *n = ext4_node_of(f->inode);
    uint64_t size = n->inode.size_bytes;
    uint8_t *p;

    if (off >= size)
        return NULL;
    *len = *len < size - off ? *len : size - off;
    if (ext4_read_at(n, off, len, &p))
        return NULL;
    *loan = shm_lend(p, *len);
    return *loan ? p : NULL;
}

/* Pages that are written only in part must be known before. */
static int fill_parts(struct ext4_node *n, uint64_t off, uint64_t end)
{
    uint64_t first = off / PAGE_BYTES, last = end / PAGE_BYTES;
    int err = 0;

    if (n->fs->blocks_per_page > 1)
        return ext4_pages_fill(n, first,
                               (uint32_t)((end - 1) / PAGE_BYTES - first + 1));
    if (off % PAGE_BYTES)
        err = ext4_pages_fill(n, first, 1);
    if (!err && end % PAGE_BYTES)
        err = ext4_pages_fill(n, last, 1);
    return err;
}

/* Of what was copied, the bytes in pages that are now known as a whole. */
static uint64_t usable(const struct ext4_chunk *c, uint64_t off, uint64_t got)
{
    uint64_t end = off + got, page = end / PAGE_BYTES;

    if (end % PAGE_BYTES == 0 || ext4_bit(c->valid, page))
        return got;
    end = page * PAGE_BYTES;
    return end > off ? end - off : 0;
}

/* The data that lies in [off, end) of the chunk belongs to blocks from now
 * on: one step. */
static int64_t settle(struct ext4_node *n, struct ext4_chunk *c, uint64_t off,
                      uint64_t end)
{
    struct ext4 *fs = n->fs;
    uint64_t lblk = off >> fs->block_shift, stop;
    struct ext4_run run;
    bool fresh;
    int err = ext4_begin(fs);

    if (!err)
        err =
            ext4_map_new(n, (uint32_t)lblk,
                         (uint32_t)(((end - 1) >> fs->block_shift) - lblk + 1),
                         &run, false, &fresh);
    if (err)
        return err;
    stop = (lblk + run.len) << fs->block_shift;
    end = end < stop ? end : stop;
    for (uint64_t p = off / PAGE_BYTES; p * PAGE_BYTES < end; p++) {
        ext4_page_valid(c, p);
        ext4_page_dirty(c, p);
    }
    err = ext4_extend(n, end);
    return err ? err : (int64_t)(end - off);
}

/* No blocks for it: known pages are what they were, which is holes. */
static void take_back(struct ext4_chunk *c, uint64_t off, uint64_t end)
{
    while (off < end) {
        uint64_t len = PAGE_BYTES - off % PAGE_BYTES;

        len = len < end - off ? len : end - off;
        if (ext4_bit(c->valid, off / PAGE_BYTES))
            memset(ext4_chunk_mem(c, off / PAGE_BYTES) + off % PAGE_BYTES, 0,
                   len);
        off += len;
    }
}

/* At most to the end of a chunk. */
static int64_t write_piece(struct ext4_node *n, struct uio *from, uint64_t off,
                           uint64_t len)
{
    uint64_t page = off / PAGE_BYTES, end;
    struct ext4_chunk *c;
    int64_t got, done = 0, step = 0;
    int err = ext4_chunk_get(
        n, page, (uint32_t)((off + len - 1) / PAGE_BYTES - page + 1), &c);

    if (!err)
        err = fill_parts(n, off, off + len);
    if (err)
        return err;
    c->pins++;
    got = uio_get(from, ext4_chunk_mem(c, page) + off % PAGE_BYTES, len);
    end = off + (got > 0 ? usable(c, off, (uint64_t)got) : 0);
    while (off < end && step >= 0) {
        step = settle(n, c, off, end);
        if (step > 0)
            done += step, off += (uint64_t)step;
    }
    take_back(c, off, end);
    c->pins--;
    if (done)
        return done;
    return step < 0 ? step : got > 0 ? -EFAULT : got;
}

static int64_t write_pieces(struct ext4_node *n, struct uio *from,
                            uint64_t *off, uint64_t limit)
{
    int64_t done = 0;

    while (from->resid_bytes && *off < limit) {
        uint64_t room =
            CHUNK_PAGES * PAGE_BYTES - *off % (CHUNK_PAGES * PAGE_BYTES);
        uint64_t len = limit - *off < room ? limit - *off : room;
        int64_t n_bytes;

        len = len < from->resid_bytes ? len : from->resid_bytes;
        n_bytes = write_piece(n, from, *off, len);
        if (n_bytes <= 0)
            return done ? done : n_bytes;
        *off += (uint64_t)n_bytes;
        done += n_bytes;
        if ((uint64_t)n_bytes < len)
            break;
        if (n->fs->nr_dirty > n->fs->max_pages / 2 &&
            ext4_data_write_all(n->fs))
            break;
    }
    return done;
}

/* Set-user-id goes with a write by who is not root. */
static int wrote(struct ext4_node *n)
{
    struct inode *inode = &n->inode;

    if ((inode->mode & (S_ISUID | S_ISGID)) && process.euid != 0)
        inode->mode &= ~(uint32_t)(S_ISUID | S_ISGID);
    inode_touch(inode);
    return ext4_node_dirty(n);
}

static int64_t write(struct file *f, struct uio *from, uint64_t *off)
{
    struct ext4_node *n = ext4_node_of(f->inode);
    uint64_t limit = process.limits[RLIMIT_FSIZE].soft;
    int64_t done;
    int err;

    if (file_io_flags(f, from) & O_APPEND)
        *off = n->inode.size_bytes;
    if (!from->resid_bytes)
        return 0;
    if (*off >= limit)
        return inode_check_size(*off + 1) < 0 ? -EFBIG : -EINVAL;
    limit = limit < ext4_size_max(n->fs) ? limit : ext4_size_max(n->fs);
    if (*off >= limit)
        return -EFBIG;
    err = ext4_begin(n->fs);
    if (!err && *off + from->resid_bytes > n->inode.size_bytes)
        err = ext4_clear_tail(n);
    if (!err && *off > n->inode.size_bytes)
        err = ext4_extend(n, *off);
    if (err)
        return err;
    done = write_pieces(n, from, off, limit);
    if (done <= 0)
        return done;
    err = wrote(n);
    notify_dentry(f->dentry, NOTIFY_MODIFY);
    return err ? err : done;
}

/* SEEK_DATA and SEEK_HOLE over the extents. */
static int64_t find_data(struct ext4_node *n, uint64_t off, bool hole)
{
    uint64_t size = n->inode.size_bytes;

    if (off >= size)
        return -ENXIO;
    while (off < size) {
        uint64_t lblk = off >> n->fs->block_shift;
        struct ext4_run run;
        int err = ext4_map(n, (uint32_t)lblk, &run);

        if (err)
            return err;
        if (hole == (!run.block || run.unwritten))
            return (int64_t)off;
        off = (lblk + run.len) << n->fs->block_shift;
    }
    return hole ? (int64_t)size : -ENXIO;
}

static int64_t seek(struct file *f, int64_t off, int whence)
{
    struct ext4_node *n = ext4_node_of(f->inode);
    int64_t to;

    if (whence != SEEK_DATA && whence != SEEK_HOLE)
        return seek_generic(f, off, whence, n->inode.size_bytes);
    to = off < 0 ? -ENXIO : find_data(n, (uint64_t)off, whence == SEEK_HOLE);
    if (to >= 0)
        f->off = (uint64_t)to;
    return to;
}

static int truncate(struct file *f, uint64_t len_bytes)
{
    struct iattr attr = {.valid = ATTR_SIZE, .size_bytes = len_bytes};
    int err = inode_setattr(f->inode, &attr);

    if (!err)
        notify_dentry(f->dentry, NOTIFY_MODIFY);
    return err;
}

int ext4_node_fsync(struct ext4_node *n, bool data_only)
{
    struct ext4 *fs = n->fs;
    int err;

    if (fs->aborted)
        return -EIO;
    if (fs->read_only)
        return 0;
    err = ext4_data_write(n);
    if (!err && (!data_only || n->sync_tid == fs->tid))
        err = ext4_commit(fs);
    return err ? err : ext4_flush(fs);
}

int ext4_fsync(struct file *f, bool data_only)
{
    return ext4_node_fsync(ext4_node_of(f->inode), data_only);
}

const struct file_ops ext4_file_fops = {
    .name = "file",
    .read = read,
    .write = write,
    .lend = lend,
    .seek = seek,
    .mmap = ext4_mmap,
    .truncate = truncate,
    .fallocate = ext4_fallocate,
    .sync = ext4_fsync,
};
