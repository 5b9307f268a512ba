/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Operations on names: each is one step on disk.
 */
#include <linux/fs.h>

#include "kernel/fs/ext4/ext4.h"
#include "kernel/vfs/mode.h"
#include "lib/string.h"

enum { RENAME_BLOCKS = 80 };

/* Before a step that changes the directory. */
static int prepare(struct ext4_node *dir)
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

static int touch(struct ext4_node *dir)
{
    inode_touch(&dir->inode);
    return ext4_node_dirty(dir);
}

static int changed(struct ext4_node *n)
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
    return touch(dir);
}

static int create(struct inode *inode, struct dentry *d, uint32_t mode,
                  uint64_t rdev)
{
    struct ext4_node *dir = ext4_node_of(inode), *n;
    int err = prepare(dir);

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
    int err = len < dir->fs->block_bytes ? prepare(dir) : -ENAMETOOLONG;

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
    int err = prepare(dir);

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
        err = changed(n);
    return err ? err : touch(dir);
}

/* The inode loses a name in dir. */
static int drop_link(struct ext4_node *dir, struct ext4_node *n)
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
    err = drop_link(dir, n);
    return err ? err : touch(dir);
}

/* A directory has another parent: its "..", and who counts it. */
static int reparent(struct ext4_node *n, struct ext4_node *from,
                    struct ext4_node *to)
{
    if (!S_ISDIR(n->inode.mode) || from == to)
        return 0;
    if (from->inode.nlink > 2)
        from->inode.nlink--;
    if (to->inode.nlink > 1)
        to->inode.nlink++;
    return ext4_dir_change(n, "..", 2, to);
}

static int finish_rename(struct ext4_node *from, struct ext4_node *to,
                         struct ext4_node *n, int err)
{
    if (!err)
        err = changed(n);
    if (!err)
        err = touch(from);
    if (!err)
        err = touch(to);
    return err ? ext4_abort(n->fs, err, "renaming") : 0;
}

/* Known names follow; without memory they are looked up again. */
static void swap_names(struct dentry *a, struct dentry *b)
{
    struct dentry *parent = a->parent;
    char name[DENTRY_NAME_MAX + 1];
    size_t len = a->name_len;

    memcpy(name, a->name, len);
    dentry_get(parent);
    if (dentry_move(a, b->parent, b->name, b->name_len))
        dentry_unhash(a);
    if (dentry_move(b, parent, name, len))
        dentry_unhash(b);
    dentry_put(parent);
}

static int exchange(struct ext4_node *a_dir, struct dentry *a,
                    struct ext4_node *b_dir, struct dentry *b)
{
    struct ext4_node *na = ext4_node_of(a->inode), *nb = ext4_node_of(b->inode);
    int err = ext4_dir_change(a_dir, a->name, a->name_len, nb);

    if (!err)
        err = ext4_dir_change(b_dir, b->name, b->name_len, na);
    if (!err)
        err = reparent(na, a_dir, b_dir);
    if (!err)
        err = reparent(nb, b_dir, a_dir);
    if (!err)
        err = changed(nb);
    err = finish_rename(a_dir, b_dir, na, err);
    if (!err)
        swap_names(a, b);
    return err;
}

static int move(struct ext4_node *from, struct dentry *old,
                struct ext4_node *to, struct dentry *new)
{
    struct ext4_node *n = ext4_node_of(old->inode);
    struct ext4_node *replaced = new->inode ? ext4_node_of(new->inode) : NULL;
    int err;

    if (replaced)
        err = ext4_dir_change(to, new->name, new->name_len, n);
    else
        err = ext4_dir_add(to, new->name, new->name_len, n);
    if (err) /* nothing has happened yet */
        return err;
    err = ext4_dir_remove(from, old->name, old->name_len);
    if (!err && replaced)
        err = drop_link(to, replaced);
    if (!err)
        err = reparent(n, from, to);
    err = finish_rename(from, to, n, err);
    if (err)
        return err;
    dentry_prune(new);
    dentry_unhash(new);
    if (dentry_move(old, new->parent, new->name, new->name_len))
        dentry_unhash(old);
    return 0;
}

static int rename(struct inode *old_dir, struct dentry *old,
                  struct inode *new_dir, struct dentry *new, uint32_t flags)
{
    struct ext4_node *from = ext4_node_of(old_dir), *to = ext4_node_of(new_dir);
    int err = prepare(from);

    if (!err)
        err = prepare(to);
    if (!err && S_ISDIR(old->inode->mode))
        err = ext4_dir_unindex(ext4_node_of(old->inode));
    if (!err && new->inode && S_ISDIR(new->inode->mode))
        err = flags & RENAME_EXCHANGE
                  ? ext4_dir_unindex(ext4_node_of(new->inode))
                  : ext4_dir_is_empty(ext4_node_of(new->inode));
    if (!err && S_ISDIR(old->inode->mode) && from != to &&
        new_dir->nlink >= EXT4_LINK_MAX)
        err = -EMLINK;
    if (!err)
        err = ext4_begin_large(from->fs, RENAME_BLOCKS);
    if (err)
        return err;
    return flags & RENAME_EXCHANGE ? exchange(from, old, to, new)
                                   : move(from, old, to, new);
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
    .rename = rename,
    COMMON,
};
const struct inode_ops ext4_link_ops = {.readlink = readlink, COMMON};
const struct inode_ops ext4_file_ops = {COMMON};
const struct inode_ops ext4_special_ops = {COMMON};
