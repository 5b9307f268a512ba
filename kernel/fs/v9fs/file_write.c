/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing to a file of a host directory: to the server at once, by messages
 * that bring the attributes along.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/resource.h>
#include <linux/stat.h>

#include "kernel/core/alloc.h"
#include "kernel/fs/v9fs/chain.h"
#include "kernel/fs/v9fs/v9.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/notify.h"

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

int64_t v9_file_write(struct file *f, struct uio *from, uint64_t *off)
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
