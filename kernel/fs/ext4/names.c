/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Operations on names: each is one step on disk. Those that move are
 * rename.c's.
 */
#include "kernel/fs/ext4/names.h"
#include "kernel/vfs/mode.h"
#include "lib/string.h"

int ext4_names_prepare(struct ext4_node *dir)
{
    if (!dir->inode.nlink)
        return -ENOENT;
    return ext4_dir_unindex(dir);
}

static int lookup(struct inode *dir, struct dentry *d, struct inode **out)
{
    struct ext4_node *n;
    uint32_t ino;
    int err = ext4_dir_find(ext4_node_of(dir), d->name, d->name_len, &ino);

    if (!err)
        err = ext4_node_get(ext4_node_of(dir)->fs, ino, &n);
    if (err)
        return err;
    *out = &n->inode;
    if (n->inode.nlink)
        return 0;
    err = ext4_damaged(n->fs, "a name leads to a removed file, inode", ino);
    n->inode.nlink = 1; /* it is not ours to end */
    inode_put(&n->inode);
    return err;
}

int ext4_names_touch(struct ext4_node *dir)
{
    inode_touch(&dir->inode);
    return ext4_node_dirty(dir);
}

int ext4_names_changed(struct ext4_node *n)
{
    inode_changed(&n->inode);
    return ext4_node_dirty(n);
}

/* A new inode that shall not be after all. */
static int undo(struct ext4_node *n, int err)
{
    n->inode.nlink = 0;
    ext4_orphan_add(n);
    inode_put(&n->inode);
    return err;
}

static int enter(struct ext4_node *dir, struct dentry *d, struct ext4_node *n)
{
    int err = ext4_dir_add(dir, d->name, d->name_len, n);

    if (err)
        return undo(n, err);
    dentry_set(d, &n->inode);
    return ext4_names_touch(dir);
}

static int create(struct inode *inode, struct dentry *d, uint32_t mode,
                  uint64_t rdev)
{
    struct ext4_node *dir = ext4_node_of(inode), *n;
    int err = ext4_names_prepare(dir);

    if (!err && S_ISDIR(mode) && inode->nlink >= EXT4_LINK_MAX)
        err = -EMLINK;
    if (!err)
        err = ext4_begin(dir->fs);
    if (!err)
        err = ext4_node_new(dir, mode, rdev, &n);
    if (err)
        return err;
    if (!S_ISDIR(mode))
        return enter(dir, d, n);
    err = ext4_dir_init(n, dir);
    if (err)
        return undo(n, err);
    n->inode.nlink = 2;
    err = enter(dir, d, n);
    if (!err && inode->nlink > 1) /* 1: more than can be counted */
        inode->nlink++;
    return err;
}

static int tmpfile(struct inode *inode, uint32_t mode, struct inode **out)
{
    struct ext4_node *dir = ext4_node_of(inode), *n;
    int err = ext4_begin(dir->fs);

    if (!err)
        err = ext4_node_new(dir, mode, 0, &n);
    if (err)
        return err;
    n->inode.nlink = 0;
    *out = &n->inode;
    return ext4_orphan_add(n);
}

static int put_target(struct ext4_node *n, const char *target, size_t len)
{
    struct ext4_run run;
    struct ext4_buf *b;
    bool fresh;
    int err;

    n->inode.size_bytes = len;
    if (len < EXT4_BLOCK_AREA) {
        memcpy(n->area, target, len);
        return 0;
    }
    ext4_tree_init(n);
    err = ext4_map_new(n, 0, 1, &run, false, &fresh);
    if (!err)
        err = ext4_buf_new(n->fs, run.block, EXT4_PLAIN, &b);
    if (err)
        return err;
    memcpy(b->data, target, len);
    ext4_buf_dirty(n->fs, b);
    ext4_buf_put(b);
    n->ordered = false;
    return 0;
}

static int symlink(struct inode *inode, struct dentry *d, const char *target)
{
    struct ext4_node *dir = ext4_node_of(inode), *n;
    size_t len = strlen(target);
    int err =
        len < dir->fs->block_bytes ? ext4_names_prepare(dir) : -ENAMETOOLONG;

    if (!err)
        err = ext4_begin(dir->fs);
    if (!err)
        err = ext4_node_new(dir, S_IFLNK | 0777, 0, &n);
    if (err)
        return err;
    err = put_target(n, target, len);
    return err ? undo(n, err) : enter(dir, d, n);
}

static int readlink(struct inode *inode, char *buf, size_t size_bytes)
{
    struct ext4_node *n = ext4_node_of(inode);
    uint64_t len = inode->size_bytes;
    struct ext4_run run;
    struct ext4_buf *b;
    int err;

    len = len < size_bytes ? len : size_bytes;
    if (!(n->flags & EXT4_EXTENTS_FL)) {
        len = len < EXT4_BLOCK_AREA ? len : EXT4_BLOCK_AREA;
        memcpy(buf, n->area, len);
        return (int)len;
    }
    err = ext4_map(n, 0, &run);
    if (!err && (!run.block || inode->size_bytes >= n->fs->block_bytes))
        err = ext4_damaged(n->fs, "a symbolic link, inode", inode->ino);
    if (!err)
        err = ext4_buf_get(n->fs, run.block, EXT4_PLAIN, &b);
    if (err)
        return err;
    memcpy(buf, b->data, len);
    ext4_buf_put(b);
    return (int)len;
}

static int link(struct inode *inode, struct dentry *d, struct inode *target)
{
    struct ext4_node *dir = ext4_node_of(inode), *n = ext4_node_of(target);
    int err = ext4_names_prepare(dir);

    if (!err && target->nlink >= EXT4_LINK_MAX)
        err = -EMLINK;
    if (!err)
        err = ext4_begin(dir->fs);
    if (!err)
        err = ext4_dir_add(dir, d->name, d->name_len, n);
    if (err)
        return err;
    if (n->is_orphan)
        err = ext4_orphan_del(n);
    target->nlink++;
    inode_get(target);
    dentry_set(d, target);
    if (!err)
        err = ext4_names_changed(n);
    return err ? err : ext4_names_touch(dir);
}

int ext4_names_drop(struct ext4_node *dir, struct ext4_node *n)
{
    if (S_ISDIR(n->inode.mode)) {
        n->inode.nlink = 0;
        if (dir->inode.nlink > 2)
            dir->inode.nlink--;
    } else if (n->inode.nlink) {
        n->inode.nlink--;
    }
    inode_changed(&n->inode);
    return n->inode.nlink ? ext4_node_dirty(n) : ext4_orphan_add(n);
}

static int unlink(struct inode *inode, struct dentry *d)
{
    struct ext4_node *dir = ext4_node_of(inode), *n = ext4_node_of(d->inode);
    int err = S_ISDIR(d->inode->mode) ? ext4_dir_is_empty(n) : 0;

    if (!err)
        err = ext4_begin(dir->fs);
    if (!err)
        err = ext4_dir_remove(dir, d->name, d->name_len);
    if (err)
        return err;
    dentry_prune(d); /* known names would keep its blocks */
    dentry_unhash(d);
    err = ext4_names_drop(dir, n);
    return err ? err : ext4_names_touch(dir);
}

#define COMMON                                                                 \
    .getattr = ext4_getattr, .setattr = ext4_setattr,                          \
    .getxattr = ext4_getxattr, .listxattr = ext4_listxattr,                    \
    .setxattr = ext4_setxattr, .removexattr = ext4_removexattr,                \
    .open = ext4_open, .evict = ext4_node_evict

const struct inode_ops ext4_dir_ops = {
    .lookup = lookup,
    .create = create,
    .tmpfile = tmpfile,
    .symlink = symlink,
    .link = link,
    .unlink = unlink,
    .rename = ext4_rename,
    COMMON,
};
const struct inode_ops ext4_link_ops = {.readlink = readlink, COMMON};
const struct inode_ops ext4_file_ops = {COMMON};
const struct inode_ops ext4_special_ops = {COMMON};
