/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Regular files of tmpfs: read, write, seek, allocate.
 */
#include <linux/errno.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/resource.h>

#include "kernel/fs/tmpfs/tnode.h"
#include "kernel/mm/shm_loan.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/mode.h"
#include "kernel/vfs/notify.h"
#include "kernel/vfs/seek.h"

#define FILE_MAX_BYTES (UINT64_C(1) << 46)

static int64_t put_lower(struct tnode *t, struct uio *to, uint64_t off)
{
    uint64_t n = to->resid_bytes;
    const void *p = erofs_data(t->fs->lower, &t->node, off, &n);

    return p ? uio_put(to, p, n) : -EIO;
}

static int64_t put_run(struct tnode *t, struct uio *to, uint64_t off)
{
    uint64_t n = t->inode.size_bytes - off;
    void *p;

    n = n < to->resid_bytes ? n : to->resid_bytes;
    if (t->lower_data)
        return put_lower(t, to, off);
    if (t->text)
        return uio_put(to, t->text + off, n);
    p = data_run(t, off, &n);
    return p ? uio_put(to, p, n) : uio_zero(to, n);
}

static int64_t tmpfs_read(struct file *f, struct uio *to, uint64_t *off)
{
    struct tnode *t = tnode_of(f->inode);
    int64_t done = 0;

    while (to->resid_bytes && *off < t->inode.size_bytes) {
        int64_t n = put_run(t, to, *off);

        if (n < 0)
            return done ? done : n;
        if (n == 0)
            break;
        *off += n;
        done += n;
    }
    if (!(f->flags & O_NOATIME))
        inode_accessed(&t->inode);
    if (done && notify_hook)
        notify_dentry(f->dentry, NOTIFY_ACCESS);
    return done;
}

/* Not of text that is still in kernel memory. */
static const void *tmpfs_lend(struct file *f, uint64_t off, uint64_t *len,
                              struct loan **loan)
{
    static struct loan image = {.refs = 1}; /* it is never unmapped */
    struct tnode *t = tnode_of(f->inode);
    uint64_t size = t->inode.size_bytes;
    const void *p;

    if (off >= size || t->text)
        return NULL;
    *len = *len < size - off ? *len : size - off;
    if (t->lower_data) {
        loan_get(&image);
        *loan = &image;
        return erofs_data(t->fs->lower, &t->node, off, len);
    }
    p = data_run(t, off, len);
    *loan = p ? shm_lend(p, *len) : NULL;
    return *loan ? p : NULL;
}

/* How much of len may be written at off: seals, limits. */
static int64_t check_write(struct tnode *t, uint64_t off, uint64_t len)
{
    uint64_t limit = process.limits[RLIMIT_FSIZE].soft;
    int err = off < limit ? 0 : inode_check_size(off + 1);

    limit = limit < FILE_MAX_BYTES ? limit : FILE_MAX_BYTES;
    if (t->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
        return -EPERM;
    if ((t->seals & F_SEAL_GROW) && off + len > t->inode.size_bytes)
        return -EPERM;
    if (err || off >= limit)
        return -EFBIG;
    return len < limit - off ? len : limit - off;
}

/* Writing takes away set-user-id, as Linux does for who is not root. */
static void wrote(struct tnode *t)
{
    struct inode *inode = &t->inode;

    if ((inode->mode & (S_ISUID | S_ISGID)) && process.euid != 0)
        inode->mode &= ~(S_ISUID | S_ISGID);
    inode_touch(inode);
}

static int prepare_write(struct tnode *t, uint64_t off, uint64_t len)
{
    uint64_t first = off / PAGE_BYTES;
    uint64_t end = (off + len + PAGE_BYTES - 1) / PAGE_BYTES;
    int err = data_copy_up(t);

    if (!err && off > t->inode.size_bytes)
        err = data_truncate(t, off);
    return err ? err : data_ensure(t, first, end - first);
}

static int64_t fill(struct tnode *t, struct uio *from, uint64_t off,
                    uint64_t len)
{
    int64_t done = 0;

    while ((uint64_t)done < len) {
        uint64_t n = len - done;
        void *p = data_run(t, off + done, &n);
        int64_t got = uio_get(from, p, n);

        if (got <= 0)
            return done ? done : got;
        done += got;
    }
    return done;
}

static int64_t tmpfs_write(struct file *f, struct uio *from, uint64_t *off)
{
    struct tnode *t = tnode_of(f->inode);
    int64_t len, done;
    int err;

    if (file_io_flags(f, from) & O_APPEND)
        *off = t->inode.size_bytes;
    if (!from->resid_bytes)
        return 0;
    len = check_write(t, *off, from->resid_bytes);
    if (len < 0)
        return len;
    err = prepare_write(t, *off, len);
    if (err)
        return err;
    done = fill(t, from, *off, len);
    if (done <= 0)
        return done;
    *off += done;
    if (*off > t->inode.size_bytes) {
        t->inode.size_bytes = *off;
        data_charge(t);
    }
    wrote(t);
    if (notify_hook)
        notify_dentry(f->dentry, NOTIFY_MODIFY);
    return done;
}

/* SEEK_DATA and SEEK_HOLE over the extents. */
static int64_t find_data(struct tnode *t, uint64_t off, bool hole)
{
    uint64_t size = t->inode.size_bytes;

    if (off >= size)
        return -ENXIO;
    while (off < size) {
        uint64_t n = size - off;
        bool data = t->lower_data || t->text || data_run(t, off, &n);

        if (data != hole)
            return off;
        off += n;
    }
    return hole ? (int64_t)size : -ENXIO;
}

static int64_t tmpfs_seek(struct file *f, int64_t off, int whence)
{
    struct tnode *t = tnode_of(f->inode);

    if (whence == SEEK_DATA || whence == SEEK_HOLE) {
        int64_t to = off < 0 ? -ENXIO : find_data(t, off, whence == SEEK_HOLE);

        if (to >= 0)
            f->off = to;
        return to;
    }
    return seek_generic(f, off, whence, t->inode.size_bytes);
}

static int tmpfs_truncate(struct file *f, uint64_t len_bytes)
{
    struct iattr attr = {.valid = ATTR_SIZE, .size_bytes = len_bytes};
    int err = inode_setattr(f->inode, &attr);

    if (!err)
        notify_dentry(f->dentry, NOTIFY_MODIFY);
    return err;
}

int tmpfs_punch(struct tnode *t, uint64_t off, uint64_t end)
{
    uint64_t size = t->inode.size_bytes;

    if (t->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
        return -EPERM;
    end = end < size ? end : size;
    if (off < end)
        data_punch(t, off, end - off);
    return 0;
}

static int tmpfs_fallocate(struct file *f, int mode, uint64_t off, uint64_t len)
{
    struct tnode *t = tnode_of(f->inode);
    uint64_t end = off + len;
    uint64_t first = off / PAGE_BYTES;
    bool keep_size = mode & FALLOC_FL_KEEP_SIZE;
    int err;

    if (end > FILE_MAX_BYTES)
        return -EFBIG;
    if ((mode & FALLOC_FL_PUNCH_HOLE) && !keep_size)
        return -EOPNOTSUPP;
    if (mode &
        ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
        return -EOPNOTSUPP;
    if (!keep_size && end > t->inode.size_bytes && (t->seals & F_SEAL_GROW))
        return -EPERM;
    err = data_copy_up(t);
    if (!err && (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)))
        err = tmpfs_punch(t, off, end);
    if (!err && !(mode & FALLOC_FL_PUNCH_HOLE))
        err =
            data_ensure(t, first, (end + PAGE_BYTES - 1) / PAGE_BYTES - first);
    if (!err && !keep_size && end > t->inode.size_bytes)
        err = data_truncate(t, end);
    if (!err)
        inode_touch(&t->inode);
    return err;
}

static int tmpfs_sync(struct file *f, bool data_only)
{
    (void)f, (void)data_only;
    return 0; /* there is no more stable store than this */
}

const struct file_ops tmpfs_file_fops = {
    .name = "file",
    .read = tmpfs_read,
    .write = tmpfs_write,
    .lend = tmpfs_lend,
    .seek = tmpfs_seek,
    .mmap = tmpfs_mmap,
    .truncate = tmpfs_truncate,
    .fallocate = tmpfs_fallocate,
    .sync = tmpfs_sync,
};
