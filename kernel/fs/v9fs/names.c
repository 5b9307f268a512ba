/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making, linking, moving and removing names of a host directory. The server
 * keeps from telling us what we do ourselves, so known names stay trusted.
 */
#include "kernel/fs/v9fs/names.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "kernel/sched/thread.h"

/* New files belong to who makes them; a set-group-id directory hands down its
 * group, which the host has done. */
static void set_owner(struct v9_inode *dir, struct v9_inode *v)
{
    struct iattr attr = {.uid = process.euid, .gid = process.egid};

    if (v->inode.uid != attr.uid)
        attr.valid |= ATTR_UID;
    if (v->inode.gid != attr.gid && !(dir->inode.mode & S_ISGID))
        attr.valid |= ATTR_GID;
    if (attr.valid && !dir->fs->no_chown &&
        v9_setattr_op(&v->inode, &attr) == -EPERM)
        dir->fs->no_chown = true; /* a server that is not root */
}

/* The name has come to be: finds out what it means. */
static int enter(struct inode *dir, struct dentry *d)
{
    struct inode *inode;
    int err = v9_lookup(dir, d, &inode);

    if (err)
        return err;
    set_owner(v9_of(dir), v9_of(inode));
    dentry_set(d, inode);
    v9_changed(v9_of(dir));
    return 0;
}

static int create_file(struct inode *dir, struct dentry *d, uint32_t mode)
{
    struct v9_inode *vd = v9_of(dir), *v;
    struct v9_session *s = v9_session(vd);
    uint32_t fid = v9_new_fid(s);
    int err = v9_walk(s, vd->fid, fid, NULL, NULL);

    if (err)
        return err;
    err = v9_lcreate(s, fid, d->name, O_RDWR | O_CREAT | O_EXCL, mode & 07777);
    if (!err)
        err = enter(dir, d);
    if (err) {
        v9_clunk(s, fid);
        return err;
    }
    v = v9_of(d->inode);
    if (v->write_fid) {
        v9_clunk(s, fid);
        return 0;
    }
    v->write_fid = fid; /* for the open that most likely follows */
    v->write_fid_reads = true;
    return 0;
}

static int create(struct inode *dir, struct dentry *d, uint32_t mode,
                  uint64_t rdev)
{
    struct v9_inode *vd = v9_of(dir);
    int err;

    if (S_ISREG(mode))
        return create_file(dir, d, mode);
    if (S_ISDIR(mode))
        err = v9_mkdir(v9_session(vd), vd->fid, d->name, mode & 07777);
    else
        err = v9_mknod(v9_session(vd), vd->fid, d->name, mode, rdev);
    return err ? err : enter(dir, d);
}

int v9_create(struct inode *dir, struct dentry *d, uint32_t mode, uint64_t rdev)
{
    int err;

    v9_own_begin(v9_of(dir));
    err = create(dir, d, mode, rdev);
    v9_own_end(v9_of(dir));
    return err;
}

int v9_symlink_op(struct inode *dir, struct dentry *d, const char *target)
{
    struct v9_inode *vd = v9_of(dir);
    int err;

    v9_own_begin(vd);
    err = v9_symlink(v9_session(vd), vd->fid, d->name, target);
    if (!err)
        err = enter(dir, d);
    v9_own_end(vd);
    return err;
}

int v9_link_op(struct inode *dir, struct dentry *d, struct inode *inode)
{
    struct v9_inode *vd = v9_of(dir), *v = v9_of(inode);
    uint64_t gen = vd->names_gen;
    int err;

    v9_own_begin(vd);
    v9_own_begin(v);
    err = v9_link(v9_session(vd), vd->fid, v->fid, d->name);
    v9_own_end(v);
    v9_own_end(vd);
    if (err)
        return err;
    inode_get(inode);
    inode->nlink++;
    v9_changed(v);
    v9_changed(vd);
    dentry_set(d, inode);
    v9_name_seen(vd, d, gen);
    return 0;
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

int v9_unlink(struct inode *dir, struct dentry *d)
{
    struct v9_inode *vd = v9_of(dir), *v = v9_of(d->inode);
    int err;

    v9_own_begin(vd);
    v9_own_begin(v);
    err = v9_unlinkat(v9_session(vd), vd->fid, d->name, S_ISDIR(v->inode.mode));
    v9_own_end(v);
    v9_own_end(vd);
    if (err)
        return err;
    dentry_unhash(d);
    drop_link(d->inode);
    v9_changed(vd);
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
    err = v9_renameat(v9_session(from), from->fid, old->name, to->fid,
                      new->name, flags);
    if (victim)
        v9_own_end(victim);
    v9_own_end(to);
    v9_own_end(from);
    if (err)
        return err;
    v9_changed(from);
    v9_changed(to);
    v9_changed(v9_of(old->inode));
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
