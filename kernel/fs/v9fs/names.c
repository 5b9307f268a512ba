/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moving and removing names of a host directory; new ones are create.c's. The
 * server keeps from telling us what we do ourselves, so known names stay
 * trusted.
 */
#include "kernel/fs/v9fs/names.h"

#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/stat.h>

/* Requests with names, and attributes asked for. */
enum {
    UNLINK_BYTES = V9_HEAD + 384,
    RENAME_BYTES = V9_HEAD + 704,
};

void v9_dir_answered(struct v9_inode *dir, struct v9_chain *c, uint32_t hints)
{
    struct v9_attr a;

    v9_changed(dir);
    if (v9_chain_got_attr(c, &a) == 0)
        v9_apply_locked(dir, &a, hints);
}

/* The inode loses a name. */
static void drop_link(struct inode *inode)
{
    if (S_ISDIR(inode->mode))
        inode->nlink = 0;
    else if (inode->nlink)
        inode->nlink--;
    v9_changed(v9_of(inode));
}

static int unlink_chain(struct v9_inode *dir, const struct dentry *d,
                        bool is_dir)
{
    struct v9_session *s = v9_session(dir);
    uint32_t hints = dir->nr_hints;
    uint8_t buf[UNLINK_BYTES];
    struct v9_chain c;
    int err;

    v9_chain_begin(&c, buf, sizeof(buf));
    v9_chain_add(&c, P9_UNLINKAT);
    v9_put_unlinkat(&c.m, dir->fid, d->name, is_dir);
    v9_chain_getattr(&c, s, dir->fid);
    err = v9_chain_send(&c, s);
    if (!err)
        err = v9_chain_next(&c);
    if (!err)
        v9_dir_answered(dir, &c, hints);
    return err;
}

int v9_unlink(struct inode *dir, struct dentry *d)
{
    struct v9_inode *vd = v9_of(dir), *v = v9_of(d->inode);
    int err;

    v9_own_begin(vd);
    v9_own_begin(v);
    err = unlink_chain(vd, d, S_ISDIR(v->inode.mode));
    v9_own_end(v);
    v9_own_end(vd);
    if (err)
        return err;
    dentry_unhash(d);
    drop_link(d->inode);
    return 0;
}

/* What is moved keeps its attributes known, but for its ctime: they are asked
 * for in the same message. */
static int rename_chain(struct v9_inode *from, const struct dentry *old,
                        struct v9_inode *to, const struct dentry *new,
                        uint32_t flags)
{
    struct v9_inode *v = v9_of(old->inode);
    struct v9_session *s = v9_session(from);
    uint32_t from_hints = from->nr_hints, to_hints = to->nr_hints;
    uint32_t hints = v->nr_hints;
    uint8_t buf[RENAME_BYTES];
    struct v9_chain c;
    struct v9_attr a;
    int err;

    v9_chain_begin(&c, buf, sizeof(buf));
    v9_chain_add(&c, P9_RENAMEAT);
    v9_put_renameat(&c.m, from->fid, old->name, to->fid, new->name, flags);
    v9_chain_getattr(&c, s, v->fid);
    v9_chain_getattr(&c, s, from->fid);
    if (to != from)
        v9_chain_getattr(&c, s, to->fid);
    err = v9_chain_send(&c, s);
    if (!err)
        err = v9_chain_next(&c);
    if (err)
        return err;
    v9_changed(v);
    if (v9_chain_got_attr(&c, &a) == 0)
        v9_apply_locked(v, &a, hints);
    v9_dir_answered(from, &c, from_hints);
    if (to != from)
        v9_dir_answered(to, &c, to_hints);
    return 0;
}

int v9_rename(struct inode *old_dir, struct dentry *old, struct inode *new_dir,
              struct dentry *new, uint32_t flags)
{
    struct v9_inode *from = v9_of(old_dir), *to = v9_of(new_dir);
    struct v9_inode *victim = new->inode ? v9_of(new->inode) : NULL;
    uint64_t gen = to->names_gen;
    int err;

    if (flags & RENAME_EXCHANGE)
        return -EINVAL; /* not in the protocol */
    v9_own_begin(from);
    v9_own_begin(to);
    if (victim)
        v9_own_begin(victim);
    v9_lock(v9_of(old->inode));
    err = rename_chain(from, old, to, new, flags);
    v9_unlock(v9_of(old->inode));
    if (victim)
        v9_own_end(victim);
    v9_own_end(to);
    v9_own_end(from);
    if (err)
        return err;
    if (new->inode)
        drop_link(new->inode);
    dentry_unhash(new);
    err = dentry_move(old, new->parent, new->name, new->name_len);
    if (err)
        dentry_unhash(old); /* will be looked up where it is now */
    else
        v9_name_seen(to, old, gen);
    return 0;
}
