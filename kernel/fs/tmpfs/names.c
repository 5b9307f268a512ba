/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making, linking, moving and removing names in tmpfs. A name of the image that
 * goes leaves a pinned negative entry in its place.
 */
#include <linux/errno.h>
#include <linux/fs.h>

#include "kernel/core/alloc.h"
#include "kernel/fs/tmpfs/tnode.h"
#include "kernel/vfs/mode.h"
#include "lib/string.h"

/* A new inode as dir's child: owner, set-group-id. */
static struct tnode *new_child(struct inode *dir, uint32_t mode)
{
    struct tnode *t;

    if ((dir->mode & S_ISGID) && S_ISDIR(mode))
        mode |= S_ISGID;
    t = tnode_new(dir->super, mode);
    if (t && (dir->mode & S_ISGID))
        t->inode.gid = dir->gid;
    return t;
}

static void enter(struct inode *dir, struct dentry *d, struct inode *inode)
{
    dentry_set(d, inode);
    dentry_pin(d);
    if (S_ISDIR(inode->mode))
        dir->nlink++;
    inode_touch(dir);
    tnode_keep(tnode_of(dir));
}

int tmpfs_create(struct inode *dir, struct dentry *d, uint32_t mode,
                 uint64_t rdev)
{
    struct tnode *t;

    if (!dir->nlink)
        return -ENOENT;
    t = new_child(dir, mode);
    if (!t)
        return -ENOMEM;
    t->inode.rdev = rdev;
    enter(dir, d, &t->inode);
    return 0;
}

int tmpfs_tmpfile(struct inode *dir, uint32_t mode, struct inode **out)
{
    struct tnode *t = new_child(dir, mode);

    if (!t)
        return -ENOMEM;
    t->inode.nlink = 0;
    *out = &t->inode;
    return 0;
}

int tmpfs_symlink(struct inode *dir, struct dentry *d, const char *target)
{
    struct tnode *t;

    if (!dir->nlink)
        return -ENOENT;
    t = new_child(dir, S_IFLNK | 0777);
    if (!t)
        return -ENOMEM;
    t->target = kstrdup(target);
    if (!t->target) {
        inode_put(&t->inode);
        return -ENOMEM;
    }
    t->inode.size_bytes = strlen(target);
    enter(dir, d, &t->inode);
    return 0;
}

int tmpfs_link(struct inode *dir, struct dentry *d, struct inode *inode)
{
    if (!dir->nlink)
        return -ENOENT;
    inode_get(inode);
    inode->nlink++;
    inode_changed(inode);
    tnode_keep(tnode_of(inode));
    enter(dir, d, inode);
    return 0;
}

/* A lower name that is about to lose its meaning needs a pinned negative
 * entry in its place: *out, or NULL if there is no such name. */
static int prepare_whiteout(struct dentry *d, struct dentry **out)
{
    struct dentry *parent = d->parent;

    *out = NULL;
    if (!tmpfs_lower_has(tnode_of(parent->inode), d->name, d->name_len))
        return 0;
    *out = dentry_new(parent, d->name, d->name_len);
    return *out ? 0 : -ENOMEM;
}

static void place_whiteout(struct dentry *whiteout)
{
    if (!whiteout)
        return;
    dentry_pin(whiteout);
    dentry_put(whiteout);
}

/* The inode loses the name d in dir. */
static void drop_link(struct inode *dir, struct inode *inode)
{
    if (S_ISDIR(inode->mode)) {
        dir->nlink--;
        inode->nlink = 1;
    }
    tnode_unlinked(tnode_of(inode));
}

int tmpfs_unlink(struct inode *dir, struct dentry *d)
{
    struct dentry *whiteout;
    int err;

    if (S_ISDIR(d->inode->mode) && !tmpfs_dir_empty(d))
        return -ENOTEMPTY;
    err = prepare_whiteout(d, &whiteout);
    if (err)
        return err;
    dentry_unhash(d);
    place_whiteout(whiteout);
    drop_link(dir, d->inode);
    inode_touch(dir);
    tnode_keep(tnode_of(dir));
    return 0;
}

static void moved(struct inode *from, struct inode *to, struct dentry *d)
{
    if (S_ISDIR(d->inode->mode) && from != to) {
        from->nlink--;
        to->nlink++;
    }
    inode_changed(d->inode);
    inode_touch(from);
    inode_touch(to);
    tnode_keep(tnode_of(from));
    tnode_keep(tnode_of(to));
}

static int exchange(struct inode *a_dir, struct dentry *a, struct inode *b_dir,
                    struct dentry *b)
{
    struct dentry *a_parent = a->parent, *b_parent = b->parent;
    char a_name[DENTRY_NAME_MAX + 1], b_name[DENTRY_NAME_MAX + 1];
    int err;

    strlcpy(a_name, a->name, sizeof(a_name));
    strlcpy(b_name, b->name, sizeof(b_name));
    dentry_get(a_parent);
    err = dentry_move(a, b_parent, b_name, strlen(b_name));
    if (!err) {
        err = dentry_move(b, a_parent, a_name, strlen(a_name));
        if (err) /* a's old name needs no more memory than it had */
            dentry_move(a, a_parent, a_name, strlen(a_name));
    }
    dentry_put(a_parent);
    if (err)
        return err;
    dentry_pin(a);
    dentry_pin(b);
    moved(a_dir, b_dir, a);
    moved(b_dir, a_dir, b);
    return 0;
}

int tmpfs_rename(struct inode *old_dir, struct dentry *old,
                 struct inode *new_dir, struct dentry *new, uint32_t flags)
{
    struct dentry *whiteout;
    int err;

    if (!new_dir->nlink)
        return -ENOENT;
    if (flags & RENAME_EXCHANGE)
        return exchange(old_dir, old, new_dir, new);
    if (new->inode && S_ISDIR(new->inode->mode) && !tmpfs_dir_empty(new))
        return -ENOTEMPTY;
    err = prepare_whiteout(old, &whiteout);
    if (err)
        return err;
    err = dentry_move(old, new->parent, new->name, new->name_len);
    if (err) {
        if (whiteout)
            dentry_put(whiteout);
        return err;
    }
    dentry_unhash(new);
    if (new->inode)
        drop_link(new_dir, new->inode);
    dentry_pin(old);
    place_whiteout(whiteout);
    moved(old_dir, new_dir, old);
    return 0;
}
