/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Regular files of a host directory: reads come from the cache, writes go to
 * the server at once.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/resource.h>
#include <linux/stat.h>

#include "kernel/core/alloc.h"
#include "kernel/fs/dev/dev.h"
#include "kernel/fs/v9fs/chain.h"
#include "kernel/fs/v9fs/v9.h"
#include "kernel/mm/shm_loan.h"
#include "kernel/sched/thread.h"
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

static void grow_to(struct v9_inode *v, uint64_t end)
{
    if (end > v->inode.size_bytes)
        v->inode.size_bytes = end;
}

/* Data went to the end, wherever somebody else had moved that. */
static int appended_behind_others(struct v9_inode *v)
{
    v->leased = v->exact = false;
    v->suspect = true;
    return v9_fetch_locked(v);
}

/* Writes as v9_write() does; what the file's attributes are then comes with the
 * answer. *has_attr: they have. */
static int64_t write_and_look(struct v9_inode *v, uint8_t *buf, uint64_t off,
                              size_t len, struct v9_attr *a, bool *has_attr)
{
    struct v9_session *s = v9_session(v);
    struct v9_chain c;
    uint32_t n;
    int err;

    v9_chain_begin(&c, buf, V9_WRITE_AT + len + V9_GETATTR_BYTES);
    v9_chain_add(&c, P9_WRITE);
    p9_put32(&c.m.p, v->write_fid);
    p9_put64(&c.m.p, off);
    p9_put32(&c.m.p, (uint32_t)len);
    p9_bytes(&c.m.p, len);
    v9_chain_getattr(&c, s, v->fid);
    err = v9_chain_send(&c, s);
    if (!err)
        err = v9_chain_next(&c);
    if (err)
        return err;
    n = p9_get32(&c.m.p);
    if (c.m.p.bad || n > len)
        return -EIO;
    *has_attr = v9_chain_got_attr(&c, a) == 0;
    return n;
}

/* One message's worth; *off is where it begins, and behind it afterwards. */
static int64_t write_some(struct v9_inode *v, struct uio *from, uint64_t *off,
                          uint64_t len, bool append)
{
    uint64_t most = v9_io_bytes(v9_session(v)), old = v->inode.size_bytes;
    uint32_t hints = v->nr_hints;
    bool has_attr = false;
    uint64_t end = 0;
    struct v9_attr a;
    struct v9_msg m;
    uint8_t *buf;
    int64_t n;

    len = len < most ? len : most;
    buf = kmalloc(V9_WRITE_AT + len + V9_GETATTR_BYTES);
    if (!buf)
        return -ENOMEM;
    v9_begin(&m, buf, V9_WRITE_AT + len, P9_WRITE);
    n = uio_get(from, buf + V9_WRITE_AT, len);
    if (n > 0 && append)
        n = v9_append(v9_session(v), &m, v->append_fid, (size_t)n, &end);
    else if (n > 0 && v9_session(v)->has_batches && v->fid)
        n = write_and_look(v, buf, *off, (size_t)n, &a, &has_attr);
    else if (n > 0)
        n = v9_write(v9_session(v), &m, v->write_fid, *off, (size_t)n);
    if (n > 0 && append && end != old + (uint64_t)n) {
        *off = end;
        appended_behind_others(v);
    } else if (n > 0) {
        grow_to(v, *off + (uint64_t)n);
        v9_cache_wrote(v, *off, buf + V9_WRITE_AT, (uint64_t)n, old);
        inode_touch(&v->inode);
        v9_changed(v);
        *off += (uint64_t)n;
    }
    kfree(buf);
    if (has_attr)
        v9_apply_locked(v, &a, hints);
    return n;
}

/* Set-user-id goes with a write by who is not root. */
static void drop_setid(struct v9_inode *v)
{
    struct iattr attr = {.valid = ATTR_MODE,
                         .mode = v->inode.mode & ~(S_ISUID | S_ISGID)};

    if (attr.mode != v->inode.mode && process.euid != 0)
        v9_setattr_op(&v->inode, &attr);
}

static int64_t write_locked(struct v9_inode *v, struct uio *from, uint64_t *off,
                            bool append)
{
    uint64_t limit = process.limits[RLIMIT_FSIZE].soft;
    int64_t done = 0, n = 1;
    bool tells = append && v9_session(v)->notice;
    int err = 0;

    if (tells)
        err = v9_appender(v);
    else if (append && (!v9_trusted(v) || v->refused))
        err = v9_fetch_locked(v);
    if (err)
        return err;
    if (append)
        *off = v->inode.size_bytes;
    limit = limit < INT64_MAX ? limit : INT64_MAX;
    if (*off >= limit)
        return inode_check_size(*off + 1) < 0 ? -EFBIG : -EINVAL;
    while (from->resid_bytes && *off < limit && n > 0) {
        uint64_t len = limit - *off;

        len = len < from->resid_bytes ? len : from->resid_bytes;
        n = write_some(v, from, off, len, tells);
        done += n > 0 ? n : 0;
    }
    return done ? done : n;
}

static int64_t v9_file_write(struct file *f, struct uio *from, uint64_t *off)
{
    struct v9_inode *v = v9_of(f->inode);
    int64_t done;

    if (!from->resid_bytes)
        return 0;
    v9_lock(v);
    v9_own_begin(v);
    done = write_locked(v, from, off, file_io_flags(f, from) & O_APPEND);
    v9_own_end(v);
    v9_unlock(v);
    if (done <= 0)
        return done;
    drop_setid(v);
    notify_dentry(f->dentry, NOTIFY_MODIFY);
    return done;
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
