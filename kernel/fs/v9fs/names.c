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

#include "kernel/fs/v9fs/chain.h"
#include "kernel/sched/thread.h"

/* Requests with names, and attributes asked for. */
enum {
    CREATE_BYTES = V9_HEAD + 704,
    UNLINK_BYTES = V9_HEAD + 384,
    RENAME_BYTES = V9_HEAD + 704,
};

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

/* The name means inode now. */
static void entered(struct inode *dir, struct dentry *d, struct inode *inode)
{
    set_owner(v9_of(dir), v9_of(inode));
    dentry_set(d, inode);
}

/* The name has come to be: finds out what it means. */
static int enter(struct inode *dir, struct dentry *d)
{
    struct inode *inode;
    int err = v9_lookup(dir, d, &inode);

    if (err)
        return err;
    entered(dir, d, inode);
    v9_changed(v9_of(dir));
    return 0;
}

/* Attributes of a directory that was changed, if they are the chain's next
 * answer. */
static void look_at_dir(struct v9_inode *dir, struct v9_chain *c,
                        uint32_t hints)
{
    struct v9_attr a;

    v9_changed(dir);
    if (v9_chain_got_attr(c, &a) == 0)
        v9_apply_locked(dir, &a, hints);
}

/* The file's fid, for the open that most likely follows. */
static void keep_open(struct v9_inode *v, uint32_t fid)
{
    if (v->write_fid) {
        v9_clunk(v9_session(v), fid);
        return;
    }
    v->write_fid = fid;
    v->write_fid_reads = true;
}

/* Creates and opens it by fid, and walks to it by name_fid. */
static void put_create(struct v9_chain *c, struct v9_inode *dir,
                       const struct dentry *d, uint32_t mode, uint32_t fid,
                       uint32_t name_fid)
{
    v9_chain_walk(c, dir->fid, fid, NULL);
    v9_chain_add(c, P9_LCREATE);
    p9_put32(&c->m.p, fid);
    p9_put_str(&c->m.p, d->name, d->name_len);
    p9_put32(&c->m.p, O_RDWR | O_CREAT | O_EXCL);
    p9_put32(&c->m.p, mode & 07777);
    p9_put32(&c->m.p, 0);
    v9_chain_walk(c, dir->fid, name_fid, d->name);
    v9_chain_getattr(c, v9_session(dir), name_fid);
    v9_chain_getattr(c, v9_session(dir), dir->fid);
}

static int create_file(struct inode *dir, struct dentry *d, uint32_t mode)
{
    struct v9_inode *vd = v9_of(dir);
    struct v9_session *s = v9_session(vd);
    uint32_t fid = v9_new_fid(s), name_fid = v9_new_fid(s);
    uint32_t hints = vd->nr_hints;
    uint64_t gen = vd->names_gen;
    uint8_t buf[CREATE_BYTES];
    struct inode *inode;
    struct v9_chain c;
    struct v9_attr a;
    struct v9_qid qid;
    int err;

    v9_chain_begin(&c, buf, sizeof(buf));
    put_create(&c, vd, d, mode, fid, name_fid);
    err = v9_chain_send(&c, s);
    if (!err)
        err = v9_chain_walked(&c, NULL, NULL);
    if (err)
        return err;
    err = v9_chain_next(&c);
    if (!err)
        err = v9_chain_walked(&c, d->name, &qid);
    if (!err) {
        err = v9_chain_got_attr(&c, &a);
        look_at_dir(vd, &c, hints);
        err = v9_inode_got(vd->fs, name_fid, err, &a, &inode);
    }
    if (err) {
        v9_clunk(s, fid);
        return err;
    }
    v9_name_seen(vd, d, gen);
    entered(dir, d, inode);
    keep_open(v9_of(inode), fid);
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
        look_at_dir(dir, &c, hints);
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
    look_at_dir(from, &c, from_hints);
    if (to != from)
        look_at_dir(to, &c, to_hints);
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
