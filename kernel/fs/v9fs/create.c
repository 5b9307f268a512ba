/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * New names of a host directory: files, directories, nodes, links.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "kernel/fs/v9fs/names.h"
#include "kernel/sched/thread.h"

enum { CREATE_BYTES = V9_HEAD + 704 }; /* requests with names */

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
        v9_dir_answered(vd, &c, hints);
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
