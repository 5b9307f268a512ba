/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of a host directory: looking them up, trusting those that are known,
 * listing them. names.c changes them.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "kernel/core/alloc.h"
#include "kernel/fs/v9fs/chain.h"
#include "kernel/fs/v9fs/names.h"
#include "kernel/vfs/dirent.h"
#include "kernel/vfs/seek.h"
#include "lib/string.h"

enum { LIST_BYTES = 32768, LOOKUP_BYTES = V9_HEAD + 384 };

/* The name is as fresh as its directory's list of names was at gen. */
void v9_name_seen(struct v9_inode *dir, struct dentry *d, uint64_t gen)
{
    d->cookie = dir->leased ? gen : 0;
}

int v9_lookup(struct inode *inode, struct dentry *d, struct inode **out)
{
    struct v9_inode *dir = v9_of(inode);
    struct v9_session *s = v9_session(dir);
    uint32_t fid = v9_new_fid(s);
    uint64_t gen = dir->names_gen;
    uint8_t buf[LOOKUP_BYTES];
    struct v9_chain c;
    struct v9_attr a;
    struct v9_qid qid;
    int err;

    v9_chain_begin(&c, buf, sizeof(buf));
    v9_chain_walk(&c, dir->fid, fid, d->name);
    v9_chain_getattr(&c, s, fid);
    err = v9_chain_send(&c, s);
    if (!err)
        err = v9_chain_walked(&c, d->name, &qid);
    if (!err)
        err = v9_inode_got(dir->fs, fid, v9_chain_got_attr(&c, &a), &a, out);
    v9_name_seen(dir, d, gen);
    return err;
}

/* Asks the server whether d still means what it did. */
static bool still_there(struct v9_inode *dir, struct dentry *d)
{
    struct v9_session *s = v9_session(dir);
    uint32_t fid = v9_new_fid(s);
    uint64_t gen = dir->names_gen;
    struct v9_qid qid;
    int err = v9_walk(s, dir->fid, fid, d->name, &qid);
    bool same;

    if (!err)
        v9_clunk(s, fid);
    if (err)
        same = err == -ENOENT && !d->inode;
    else
        same = d->inode && d->inode->ino == qid.path;
    if (same)
        v9_name_seen(dir, d, gen);
    return same;
}

bool v9_revalidate(struct inode *inode, struct dentry *d)
{
    if (inode) {
        struct v9_inode *dir = v9_of(inode);

        v9_look(dir->fs);
        if (!dir->leased && !dir->refused)
            v9_refresh(dir); /* what it had may have stood all along */
        if (!(dir->leased && d->cookie == dir->names_gen) &&
            !still_there(dir, d))
            return false;
    }
    return !d->inode || v9_refresh(v9_of(d->inode)) == 0;
}

static int v9_open_dir(struct inode *inode, struct file *f)
{
    uint32_t fid;
    int err;

    v9_lock(v9_of(inode));
    err = v9_reader(v9_of(inode), &fid);
    v9_unlock(v9_of(inode));
    f->ops = &v9_dir_fops;
    return err;
}

static bool is(const char *name, size_t len, const char *what)
{
    return len == strlen(what) && memcmp(name, what, len) == 0;
}

/* One entry of the answer: to the sink. False: no room there. */
static bool emit(struct dirent_sink *sink, struct file *f, struct v9_msg *m)
{
    struct v9_qid qid;
    const char *name;
    uint64_t next;
    uint8_t type;
    size_t len;

    v9_get_qid(m, &qid);
    next = p9_get64(&m->p);
    type = p9_get8(&m->p);
    name = p9_get_str(&m->p, &len);
    if (m->p.bad || len == 0 || len > DENTRY_NAME_MAX) {
        m->p.bad = true;
        return false;
    }
    if (is(name, len, ".") || is(name, len, ".."))
        qid.path = len == 1 || f->dentry->parent == f->dentry
                       ? f->inode->ino
                       : f->dentry->parent->inode->ino;
    if (!dirent_emit(sink, name, len, qid.path, next, type))
        return false;
    f->off = next;
    return true;
}

static int64_t list(struct file *f, struct uio *to, void *buf, size_t size)
{
    struct v9_inode *v = v9_of(f->inode);
    struct dirent_sink sink;
    struct v9_msg m;
    uint32_t fid, len;
    int err = v9_reader(v, &fid);
    size_t end;

    if (!err)
        err = v9_readdir(v9_session(v), &m, buf, size, fid, f->off, &len);
    if (err)
        return err;
    dirent_begin(&sink, to);
    end = m.p.pos + len;
    while (m.p.pos < end && emit(&sink, f, &m))
        ;
    return m.p.bad ? -EIO : dirent_end(&sink);
}

static int64_t v9_getdents(struct file *f, struct uio *to)
{
    size_t size = to->resid_bytes < LIST_BYTES ? to->resid_bytes : LIST_BYTES;
    int64_t n;
    void *buf;

    size = (size < 1024 ? 1024 : size) + V9_HEAD + P9_HEADER + 4;
    buf = kmalloc(size);
    if (!buf)
        return -ENOMEM;
    n = list(f, to, buf, size);
    kfree(buf);
    if (n > 0)
        notify_dentry(f->dentry, NOTIFY_ACCESS);
    return n;
}

/* Offsets are the server's: any number may be one. */
static int64_t v9_dir_seek(struct file *f, int64_t off, int whence)
{
    if (whence == SEEK_CUR)
        off += (int64_t)f->off;
    else if (whence != SEEK_SET)
        return -EINVAL;
    if (off < 0)
        return -EINVAL;
    f->off = (uint64_t)off;
    return off;
}

static int v9_dir_sync(struct file *f, bool data_only)
{
    uint32_t fid;
    int err = v9_reader(v9_of(f->inode), &fid);

    return err ? err : v9_fsync(v9_session(v9_of(f->inode)), fid, data_only);
}

const struct file_ops v9_dir_fops = {
    .name = "dir",
    .getdents = v9_getdents,
    .seek = v9_dir_seek,
    .sync = v9_dir_sync,
};

static int v9_readlink_op(struct inode *inode, char *buf, size_t size_bytes)
{
    struct v9_inode *v = v9_of(inode);

    return v9_readlink(v9_session(v), v->fid, buf, size_bytes);
}

const struct inode_ops v9_dir_ops = {
    .lookup = v9_lookup,
    .create = v9_create,
    .symlink = v9_symlink_op,
    .link = v9_link_op,
    .unlink = v9_unlink,
    .rename = v9_rename,
    .getattr = v9_getattr_op,
    .setattr = v9_setattr_op,
    .open = v9_open_dir,
    .revalidate = v9_revalidate,
    .getxattr = v9_getxattr_op,
    .listxattr = v9_listxattr_op,
    .setxattr = v9_setxattr_op,
    .removexattr = v9_removexattr_op,
    .evict = v9_evict,
};

const struct inode_ops v9_link_ops = {
    .readlink = v9_readlink_op,
    .getattr = v9_getattr_op,
    .setattr = v9_setattr_op,
    .evict = v9_evict,
};
