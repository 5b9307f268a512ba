/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names that move or change places: one step on disk.
 */
#include <linux/fs.h>

#include "kernel/fs/ext4/names.h"
#include "kernel/vfs/mode.h"
#include "lib/string.h"

enum { RENAME_BLOCKS = 80 };

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
        err = ext4_names_changed(n);
    if (!err)
        err = ext4_names_touch(from);
    if (!err)
        err = ext4_names_touch(to);
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
        err = ext4_names_changed(nb);
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
        err = ext4_names_drop(to, replaced);
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

int ext4_rename(struct inode *old_dir, struct dentry *old,
                struct inode *new_dir, struct dentry *new, uint32_t flags)
{
    struct ext4_node *from = ext4_node_of(old_dir), *to = ext4_node_of(new_dir);
    int err = ext4_names_prepare(from);

    if (!err)
        err = ext4_names_prepare(to);
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
