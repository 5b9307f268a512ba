/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inodes of tmpfs: made here, or shown from the image under them.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/memfd.h>

#include "kernel/core/alloc.h"
#include "kernel/core/cpu.h"
#include "kernel/fs/dev/dev.h"
#include "kernel/fs/tmpfs/tmpfs.h"
#include "kernel/fs/tmpfs/tnode.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/mode.h"
#include "kernel/vfs/mount.h"
#include "lib/string.h"

/* Above all numbers of an image, so that both look alike to programs. */
#define FIRST_INO (UINT64_C(1) << 32)

static const struct inode_ops *ops_of(uint32_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return &tmpfs_dir_ops;
    case S_IFREG:
        return &tmpfs_file_ops;
    case S_IFLNK:
        return &tmpfs_link_ops;
    default:
        return &tmpfs_special_ops;
    }
}

struct tnode *tnode_new(struct super *super, uint32_t mode)
{
    struct tmpfs *fs = super->data;
    struct tnode *t = kzalloc(sizeof(*t));

    if (!t)
        return NULL;
    inode_init(&t->inode, super, ops_of(mode), fs->next_ino++, mode);
    t->inode.uid = process.euid;
    t->inode.gid = process.egid;
    t->backing.ops = &tmpfs_backing_ops;
    t->fs = fs;
    t->seals = F_SEAL_SEAL;
    if (S_ISDIR(mode))
        t->inode.nlink = 2;
    return t;
}

static struct tnode **bucket_of(struct tmpfs *fs, uint64_t nid)
{
    return &fs->by_nid[(nid ^ nid >> 8) % NID_BUCKETS];
}

static void fill_from_node(struct tnode *t)
{
    struct erofs_node *n = &t->node;
    struct inode *inode = &t->inode;

    inode->ino = n->ino;
    inode->nlink = n->nlink;
    inode->uid = n->uid;
    inode->gid = n->gid;
    inode->size_bytes = n->size_bytes;
    inode->rdev = n->rdev;
    inode->atime_ns = inode->mtime_ns = n->mtime_ns;
    inode->ctime_ns = inode->btime_ns = n->mtime_ns;
    t->lower = true;
    t->lower_data = S_ISREG(n->mode);
    t->lower_xattrs = n->xattr_len > 0;
}

int tnode_from_lower(struct super *super, uint64_t nid, struct tnode **out)
{
    struct tmpfs *fs = super->data;
    struct tnode **bucket = bucket_of(fs, nid);
    struct erofs_node node;
    struct tnode *t;
    int err;

    for (t = *bucket; t; t = t->nid_next)
        if (t->node.nid == nid) {
            inode_get(&t->inode);
            *out = t;
            return 0;
        }
    err = erofs_node(fs->lower, nid, &node);
    if (err)
        return err;
    t = tnode_new(super, node.mode);
    if (!t)
        return -ENOMEM;
    t->node = node;
    fill_from_node(t);
    t->nid_next = *bucket;
    *bucket = t;
    *out = t;
    return 0;
}

void tnode_keep(struct tnode *t)
{
    if (!t->lower || t->kept)
        return;
    t->kept = true;
    inode_get(&t->inode);
}

void tnode_unlinked(struct tnode *t)
{
    t->inode.nlink--;
    inode_changed(&t->inode);
    if (t->inode.nlink > 0) {
        tnode_keep(t);
        return;
    }
    if (t->kept) {
        t->kept = false;
        inode_put(&t->inode);
    }
}

void tmpfs_evict(struct inode *inode)
{
    struct tnode *t = tnode_of(inode);

    if (t->lower) {
        struct tnode **p = bucket_of(t->fs, t->node.nid);

        while (*p != t)
            p = &(*p)->nid_next;
        *p = t->nid_next;
    }
    if (S_ISREG(inode->mode))
        data_free(t);
    tmpfs_free_xattrs(t);
    kfree(t->target);
    kfree(t->text);
    kfree(t);
}

int tmpfs_getattr(struct inode *inode, struct kstat *st)
{
    if (S_ISREG(inode->mode))
        st->blocks = data_blocks(tnode_of(inode));
    else
        st->blocks = 0;
    return 0;
}

static int set_size(struct tnode *t, uint64_t size)
{
    if (!S_ISREG(t->inode.mode))
        return -EINVAL;
    if (size < t->inode.size_bytes && (t->seals & F_SEAL_SHRINK))
        return -EPERM;
    if (size > t->inode.size_bytes && (t->seals & F_SEAL_GROW))
        return -EPERM;
    return data_truncate(t, size);
}

int tmpfs_setattr(struct inode *inode, const struct iattr *attr)
{
    struct tnode *t = tnode_of(inode);
    int err;

    if (attr->valid & ATTR_SIZE) {
        err = set_size(t, attr->size_bytes);
        if (err)
            return err;
        inode_touch(inode);
    }
    inode_take_attr(inode, attr);
    tnode_keep(t);
    return 0;
}

int tmpfs_open(struct inode *inode, struct file *f)
{
    switch (inode->mode & S_IFMT) {
    case S_IFREG:
        f->ops = &tmpfs_file_fops;
        return 0;
    case S_IFDIR:
        f->ops = &tmpfs_dir_fops;
        return 0;
    default:
        return special_open(inode, f);
    }
}

static int statfs(struct super *super, struct kstatfs *out)
{
    struct tmpfs *fs = super->data;
    uint64_t total = platform.boot->mem_limit_bytes / PAGE_BYTES / 2;

    out->type = TMPFS_MAGIC;
    out->bsize = PAGE_BYTES;
    out->blocks = total;
    out->bfree = total > fs->used_pages ? total - fs->used_pages : 0;
    out->files = total;
    out->ffree = total - (fs->next_ino - FIRST_INO);
    return 0;
}

static int make_root(struct super *super, uint32_t mode, struct tnode **out)
{
    struct tmpfs *fs = super->data;

    if (fs->lower)
        return tnode_from_lower(super, fs->lower->root_nid, out);
    *out = tnode_new(super, S_IFDIR | mode);
    return *out ? 0 : -ENOMEM;
}

int tmpfs_new(struct super *super, const struct erofs *lower, uint32_t mode)
{
    struct tmpfs *fs = kzalloc(sizeof(*fs));
    struct tnode *root;
    int err;

    if (!fs)
        return -ENOMEM;
    fs->lower = lower;
    if (lower) {
        fs->by_nid = kzalloc(NID_BUCKETS * sizeof(void *));
        if (!fs->by_nid)
            return -ENOMEM;
    }
    fs->next_ino = FIRST_INO;
    super->data = fs;
    super->dev = mount_new_dev();
    super->statfs = statfs;
    err = make_root(super, mode, &root);
    if (err)
        return err;
    super->root = dentry_root(super, &root->inode);
    return super->root ? 0 : -ENOMEM;
}
