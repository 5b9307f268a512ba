/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inodes of a host directory: found by the server's number for the file, so
 * that all names of a file share one; attributes and how far they are trusted.
 */
#include <linux/errno.h>
#include <linux/stat.h>

#include "kernel/core/alloc.h"
#include "kernel/fs/v9fs/v9.h"
#include "kernel/sched/thread.h"
#include "lib/string.h"

enum { QID_DIR = 0x80 };

void v9_lock(struct v9_inode *v)
{
    struct waiter w;

    waiter_init_thread(&w);
    waitq_add(&v->lock.waitq, &w);
    while (v->lock.held)
        thread_sleep_uninterruptible(NO_DEADLINE);
    waitq_del(&w);
    v->lock.held = true;
}

void v9_unlock(struct v9_inode *v)
{
    v->lock.held = false;
    waitq_wake(&v->lock.waitq, 0);
}

static struct v9_inode **bucket_of(struct v9_fs *fs, uint64_t path)
{
    return &fs->buckets[(path ^ path >> 10) % V9_BUCKETS];
}

/* A file that is gone has no fid (trust.c): the host may have given its number
 * to another. */
struct v9_inode *v9_inode_find(struct v9_fs *fs, uint64_t path)
{
    struct v9_inode *v = *bucket_of(fs, path);

    while (v && (v->inode.ino != path || !v->fid))
        v = v->next;
    return v;
}

static const struct inode_ops *ops_of(uint32_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return &v9_dir_ops;
    case S_IFREG:
        return &v9_file_ops;
    case S_IFLNK:
        return &v9_link_ops;
    default:
        return &v9_special_ops;
    }
}

static void copy_attributes(struct v9_inode *v, const struct kstat *st)
{
    struct inode *i = &v->inode;

    i->mode = st->mode;
    i->uid = st->uid;
    i->gid = st->gid;
    i->nlink = st->nlink;
    i->rdev = st->rdev;
    i->size_bytes = st->size_bytes;
    i->atime_ns = st->atime_ns;
    i->mtime_ns = st->mtime_ns;
    i->ctime_ns = st->ctime_ns;
    i->btime_ns = st->btime_ns;
    v->nr_blocks = st->blocks;
}

/* Did the data change by another hand since it was fetched? */
static bool data_changed(const struct v9_inode *v, const struct kstat *st)
{
    const struct inode *i = &v->inode;

    if (v->suspect || st->size_bytes != i->size_bytes)
        return true;
    if (v->leased || v->own)
        return false;
    return st->mtime_ns != i->mtime_ns || st->ctime_ns != i->ctime_ns;
}

int v9_apply_locked(struct v9_inode *v, const struct v9_attr *a, uint32_t hints)
{
    uint64_t old_size = v->inode.size_bytes;
    bool changed = data_changed(v, &a->st);

    if ((a->st.mode ^ v->inode.mode) & S_IFMT)
        return -ESTALE;
    if (a->seq < v->changed_seq)
        return 0; /* something was done since */
    copy_attributes(v, &a->st);
    v9_set_hint(v, a->leased ? a->hint : 0);
    v->exact = v->notice_seq <= a->seq && hints == v->nr_hints;
    v->leased = v->exact && a->leased;
    v->refused = !a->leased;
    v->suspect = v->notice_seq > a->seq;
    v->own = false;
    if (!S_ISREG(v->inode.mode) || !changed)
        return 0;
    if (a->st.size_bytes != old_size)
        v9_cache_resized(v, old_size);
    v9_cache_forget(v);
    return 0;
}

int v9_fetch_locked(struct v9_inode *v)
{
    uint32_t hints = v->nr_hints;
    struct v9_attr a;
    int err;

    if (!v->fid)
        return -ENOENT; /* removed on the host */
    err = v9_getattr(v9_session(v), v->fid, &a);
    return err ? err : v9_apply_locked(v, &a, hints);
}

int v9_refresh(struct v9_inode *v)
{
    int err = 0;

    v9_look(v->fs);
    if (v->leased && v->exact)
        return 0;
    v9_lock(v);
    if (!v->leased || !v->exact) /* else another was faster */
        err = v9_fetch_locked(v);
    v9_unlock(v);
    return err;
}

static struct v9_inode *make(struct v9_fs *fs, uint32_t fid,
                             const struct v9_attr *a)
{
    struct v9_inode **bucket = bucket_of(fs, a->qid.path);
    struct v9_inode *v = kzalloc(sizeof(*v));

    if (!v)
        return NULL;
    inode_init(&v->inode, &fs->super, ops_of(a->st.mode), a->qid.path,
               a->st.mode);
    v->backing.ops = &v9_backing_ops;
    v->fs = fs;
    v->fid = fid;
    v->names_gen = 1;
    waitq_init(&v->lock.waitq);
    list_init(&v->blocks);
    copy_attributes(v, &a->st);
    v->exact = true;
    v->leased = a->leased && fs->session.rx_seq == a->seq;
    v->refused = !a->leased;
    v9_set_hint(v, a->leased ? a->hint : 0);
    v->next = *bucket;
    *bucket = v;
    return v;
}

/* A known one, if it is of the kind that the server speaks of. */
static bool take_known(struct v9_fs *fs, const struct v9_qid *qid,
                       struct inode **out)
{
    struct v9_inode *v = v9_inode_find(fs, qid->path);

    if (!v || S_ISDIR(v->inode.mode) != !!(qid->type & QID_DIR))
        return false;
    inode_get(&v->inode);
    *out = &v->inode;
    return true;
}

int v9_inode_got(struct v9_fs *fs, uint32_t fid, int err,
                 const struct v9_attr *a, struct inode **out)
{
    struct v9_inode *v;

    if (!err && take_known(fs, &a->qid, out)) {
        v9_clunk(&fs->session, fid);
        err = v9_refresh(v9_of(*out));
        if (err)
            inode_put(*out);
        return err;
    }
    v = err ? NULL : make(fs, fid, a);
    if (!v) {
        v9_clunk(&fs->session, fid);
        return err ? err : -ENOMEM;
    }
    *out = &v->inode;
    return 0;
}

int v9_getattr_op(struct inode *inode, struct kstat *st)
{
    struct v9_inode *v = v9_of(inode);
    int err = v9_refresh(v);

    if (err && inode->nlink) /* one that has no name may be unknown there */
        return err;
    st->mode = inode->mode;
    st->uid = inode->uid;
    st->gid = inode->gid;
    st->nlink = inode->nlink;
    st->rdev = inode->rdev;
    st->size_bytes = inode->size_bytes;
    st->blocks = v->nr_blocks;
    st->atime_ns = inode->atime_ns;
    st->mtime_ns = inode->mtime_ns;
    st->ctime_ns = inode->ctime_ns;
    st->btime_ns = inode->btime_ns;
    return 0;
}

static int set_locked(struct v9_inode *v, const struct iattr *attr)
{
    bool resize = attr->valid & ATTR_SIZE;
    struct inode *i = &v->inode;
    uint64_t old_size = i->size_bytes;
    int err = v9_setattr(v9_session(v),
                         resize && v->write_fid ? v->write_fid : v->fid, attr);

    if (err)
        return err;
    v9_changed(v);
    if (attr->valid & ATTR_MODE)
        i->mode = attr->mode;
    if (attr->valid & ATTR_UID)
        i->uid = attr->uid;
    if (attr->valid & ATTR_GID)
        i->gid = attr->gid;
    if (resize) {
        i->size_bytes = attr->size_bytes;
        v9_cache_resized(v, old_size);
    }
    return 0;
}

int v9_setattr_op(struct inode *inode, const struct iattr *attr)
{
    struct v9_inode *v = v9_of(inode);
    int err;

    if ((attr->valid & ATTR_SIZE) && !S_ISREG(inode->mode))
        return -EINVAL;
    v9_lock(v);
    v9_own_begin(v);
    err = set_locked(v, attr);
    v9_own_end(v);
    v9_unlock(v);
    return err;
}

void v9_evict(struct inode *inode)
{
    struct v9_inode *v = v9_of(inode);
    struct v9_inode **p = bucket_of(v->fs, inode->ino);

    while (*p != v)
        p = &(*p)->next;
    *p = v->next;
    v9_trust_end(v);
    v9_cache_forget(v);
    v9_drop_fids(v);
    kfree(v);
}
