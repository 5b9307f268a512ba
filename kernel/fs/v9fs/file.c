/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Regular files of a host directory: opening them, and reads, which come from
 * the cache. Writes are file_write.c's.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "kernel/core/alloc.h"
#include "kernel/fs/dev/dev.h"
#include "kernel/fs/v9fs/v9.h"
#include "kernel/mm/shm_loan.h"
#include "kernel/vfs/notify.h"
#include "kernel/vfs/seek.h"

enum { RANDOM_BYTES = 16384 };

struct opened {
    bool writer;
    uint64_t next_off; /* where a sequential reader goes on */
};

static int v9_open_file(struct v9_inode *v, struct file *f)
{
    struct opened *o = kzalloc(sizeof(*o));
    uint32_t acc = f->flags & O_ACCMODE, fid;
    int err;

    if (!o)
        return -ENOMEM;
    o->writer = acc != O_RDONLY;
    v9_lock(v);
    err = o->writer ? v9_add_writer(v, acc == O_RDWR) : v9_reader(v, &fid);
    v9_unlock(v);
    if (err) {
        kfree(o);
        return err;
    }
    f->data = o;
    f->ops = &v9_file_fops;
    return 0;
}

static int v9_open(struct inode *inode, struct file *f)
{
    switch (inode->mode & S_IFMT) {
    case S_IFREG:
        return v9_open_file(v9_of(inode), f);
    default:
        return special_open(inode, f);
    }
}

static void v9_release(struct file *f)
{
    struct opened *o = f->data;

    if (o->writer)
        v9_drop_writer(v9_of(f->inode));
    kfree(o);
}

/* A miss at off: all that follows in the block for who reads on and for small
 * files, else a little more than asked. */
static int fill(struct v9_inode *v, struct opened *o, uint64_t off,
                uint64_t len)
{
    bool ahead = off == o->next_off || v->inode.size_bytes <= BLOCK_BYTES;
    uint64_t known = 1;
    int err = 0;

    if (ahead)
        len = BLOCK_BYTES;
    else if (len < RANDOM_BYTES)
        len = RANDOM_BYTES;
    v9_lock(v);
    if (!v9_cached(v, off, &known))
        err = v9_fill_locked(v, off, len);
    v9_unlock(v);
    return err;
}

/* The file may have grown on the host. */
static bool at_end(struct v9_inode *v, uint64_t off)
{
    if (off < v->inode.size_bytes)
        return false;
    if (v->refused)
        v9_refresh(v);
    return off >= v->inode.size_bytes;
}

/* Where the bytes at off are, *len of them at most: *mem, valid until the
 * caller sleeps; NULL at the end. 0 or -errno. */
static int look_up(struct v9_inode *v, struct opened *o, uint64_t off,
                   uint64_t *len, const void **mem)
{
    int err = v9_trusted(v) ? 0 : v9_refresh(v);

    *mem = NULL;
    while (!err && !at_end(v, off)) {
        uint64_t n = v->inode.size_bytes - off;

        n = n < *len ? n : *len;
        *mem = v9_cached(v, off, &n);
        if (*mem) {
            *len = n;
            return 0;
        }
        err = fill(v, o, off, n);
    }
    return err;
}

/* One step of a read; 0 at the end. */
static int64_t read_some(struct v9_inode *v, struct opened *o, struct uio *to,
                         uint64_t off)
{
    uint64_t len = to->resid_bytes;
    const void *mem;
    int err = look_up(v, o, off, &len, &mem);

    return err || !mem ? err : uio_put(to, mem, len);
}

static int64_t v9_file_read(struct file *f, struct uio *to, uint64_t *off)
{
    struct v9_inode *v = v9_of(f->inode);
    struct opened *o = f->data;
    int64_t done = 0;

    while (to->resid_bytes) {
        int64_t n = read_some(v, o, to, *off);

        if (n < 0)
            return done ? done : n;
        if (n == 0)
            break;
        *off += (uint64_t)n;
        o->next_off = *off;
        done += n;
    }
    if (done)
        notify_dentry(f->dentry, NOTIFY_ACCESS);
    return done;
}

static const void *v9_lend(struct file *f, uint64_t off, uint64_t *len,
                           struct loan **loan)
{
    struct v9_inode *v = v9_of(f->inode);
    struct opened *o = f->data;
    const void *mem;

    if (look_up(v, o, off, len, &mem) || !mem)
        return NULL;
    *loan = shm_lend(mem, *len);
    o->next_off = off + *len;
    if (*loan)
        notify_dentry(f->dentry, NOTIFY_ACCESS);
    return *loan ? mem : NULL;
}

static int64_t v9_seek(struct file *f, int64_t off, int whence)
{
    struct v9_inode *v = v9_of(f->inode);

    if (whence != SEEK_SET && whence != SEEK_CUR &&
        (!v9_trusted(v) || v->refused)) {
        int err = v9_refresh(v);

        if (err)
            return err;
    }
    return seek_generic(f, off, whence, v->inode.size_bytes);
}

static int v9_truncate(struct file *f, uint64_t len_bytes)
{
    struct iattr attr = {.valid = ATTR_SIZE, .size_bytes = len_bytes};
    int err = inode_setattr(f->inode, &attr);

    if (!err)
        notify_dentry(f->dentry, NOTIFY_MODIFY);
    return err;
}

static int v9_sync(struct file *f, bool data_only)
{
    struct v9_inode *v = v9_of(f->inode);
    uint32_t fid = v->write_fid;
    int err;

    v9_lock(v);
    err = v9_write_back_locked(v, 0, v->inode.size_bytes);
    if (!err && !fid)
        err = v9_reader(v, &fid);
    v9_unlock(v);
    return err ? err : v9_fsync(v9_session(v), fid, data_only);
}

const struct file_ops v9_file_fops = {
    .name = "file",
    .read = v9_file_read,
    .write = v9_file_write,
    .lend = v9_lend,
    .seek = v9_seek,
    .mmap = v9_mmap,
    .truncate = v9_truncate,
    .sync = v9_sync,
    .release = v9_release,
};

const struct inode_ops v9_file_ops = {
    .getattr = v9_getattr_op,
    .setattr = v9_setattr_op,
    .open = v9_open,
    .revalidate = v9_revalidate,
    .getxattr = v9_getxattr_op,
    .listxattr = v9_listxattr_op,
    .setxattr = v9_setxattr_op,
    .removexattr = v9_removexattr_op,
    .lock = v9_lock_op,
    .lock_get = v9_lock_get_op,
    .evict = v9_evict,
};

const struct inode_ops v9_special_ops = {
    .getattr = v9_getattr_op,
    .setattr = v9_setattr_op,
    .open = v9_open,
    .evict = v9_evict,
};
