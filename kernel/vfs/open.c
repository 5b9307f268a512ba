/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * open(2): find or create, check, make an open file.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>

#include "kernel/sched/thread.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/mode.h"
#include "kernel/vfs/notify.h"
#include "kernel/vfs/walk.h"

/* Not kept in file->flags. */
enum {
    CREATION_FLAGS = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC,
};

enum { TRIES = 16 };

static uint32_t access_mask(uint32_t flags)
{
    static const uint8_t mask[] = {4, 2, 6, 6};

    return mask[flags & O_ACCMODE] | (flags & O_TRUNC ? 2 : 0);
}

static int may_open(struct inode *inode, uint32_t flags)
{
    uint32_t mask = access_mask(flags);
    int err;

    if (S_ISLNK(inode->mode))
        return -ELOOP;
    if (S_ISDIR(inode->mode) && (mask & 2))
        return -EISDIR;
    if (!S_ISDIR(inode->mode) && (flags & O_DIRECTORY))
        return -ENOTDIR;
    if ((flags & O_NOATIME) && inode_owner(inode))
        return -EPERM;
    err = inode_permission(inode, mask);
    return err || !(mask & 2) ? err : inode_check_running(inode);
}

static const struct file_ops path_ops = {.name = "path"};

static int make_file(struct dentry *d, uint32_t flags, struct file **out)
{
    struct file *f = file_new(&path_ops, NULL, flags & ~CREATION_FLAGS);
    int err = 0;

    if (!f)
        return -ENOMEM;
    dentry_get(d);
    f->dentry = d;
    inode_get(d->inode);
    f->inode = d->inode;
    if (!(flags & O_PATH))
        err = d->inode->ops->open ? d->inode->ops->open(d->inode, f) : -ENXIO;
    if (err) {
        f->ops = &path_ops;
        file_put(f);
        return err;
    }
    *out = f;
    return 0;
}

int vfs_open_dentry(struct dentry *d, uint32_t flags, struct file **out)
{
    struct iattr attr = {.valid = ATTR_SIZE};
    int err;

    if (flags & O_PATH) {
        if ((flags & O_DIRECTORY) && !S_ISDIR(d->inode->mode))
            return -ENOTDIR;
        return make_file(d, flags, out);
    }
    err = may_open(d->inode, flags);
    if (err)
        return err;
    if ((flags & O_TRUNC) && S_ISREG(d->inode->mode)) {
        err = inode_setattr(d->inode, &attr);
        if (err)
            return err;
    }
    err = make_file(d, flags, out);
    if (!err)
        notify_dentry(d, NOTIFY_OPEN);
    return err;
}

static int create_last(struct walk *w, struct dentry *d, uint32_t mode)
{
    struct inode *dir = d->parent->inode;
    int err;

    if (w->trailing)
        return -EISDIR;
    err = inode_permission(dir, 3);
    if (err)
        return err;
    if (!dir->ops->create)
        return -EROFS;
    mode = S_IFREG | (mode & 07777 & ~process.umask);
    err = dir->ops->create(dir, d, mode, 0);
    if (!err)
        notify_dentry(d, NOTIFY_CREATE);
    return err;
}

static int open_created(struct dentry *d, uint32_t flags, struct file **out)
{
    int err = make_file(d, flags, out);

    if (!err)
        notify_dentry(d, NOTIFY_OPEN);
    return err;
}

static int open_last(struct walk *w, struct dentry *d, uint32_t flags,
                     uint32_t mode, struct file **out)
{
    int err;

    if (!d->inode) {
        if (!(flags & O_CREAT))
            return -ENOENT;
        err = create_last(w, d, mode);
        return err ? err : open_created(d, flags, out);
    }
    if (w->trailing && (flags & O_CREAT))
        return -EISDIR;
    if ((flags & O_CREAT) && (flags & O_EXCL))
        return -EEXIST;
    if ((flags & O_CREAT) && S_ISDIR(d->inode->mode))
        return -EISDIR;
    if (w->trailing && !S_ISDIR(d->inode->mode))
        return -ENOTDIR;
    return vfs_open_dentry(d, flags, out);
}

static int open_tmpfile(struct dentry *dir, uint32_t flags, uint32_t mode,
                        struct file **out)
{
    struct inode *inode;
    struct dentry *d;
    int err;

    if (!dir->inode->ops->tmpfile)
        return -EOPNOTSUPP;
    err = inode_permission(dir->inode, 3);
    if (err)
        return err;
    mode = S_IFREG | (mode & 07777 & ~process.umask);
    err = dir->inode->ops->tmpfile(dir->inode, mode, &inode);
    if (err)
        return err;
    d = dentry_new(dir, "#tmpfile", 8);
    if (!d) {
        inode_put(inode);
        return -ENOMEM;
    }
    d->inode = inode;
    err = make_file(d, flags & ~O_TMPFILE, out);
    dentry_put(d);
    return err;
}

static int find_and_open(struct walk *w, uint32_t flags, uint32_t mode,
                         struct file **out)
{
    struct dentry *d;
    int err = walk_parent(w);

    if (!err)
        err = walk_last(w, &d);
    if (err)
        return err;
    if ((flags & O_TMPFILE) == O_TMPFILE)
        err = !d->inode                  ? -ENOENT
              : !S_ISDIR(d->inode->mode) ? -ENOTDIR
                                         : open_tmpfile(d, flags, mode, out);
    else
        err = open_last(w, d, flags, mode, out);
    dentry_put(d);
    return err;
}

/* Somebody created the file between our look and our own attempt. */
static bool made_by_another(int err, uint32_t flags)
{
    return err == -EEXIST && (flags & (O_CREAT | O_EXCL)) == O_CREAT;
}

int vfs_open(int dirfd, const char *path, uint32_t flags, uint32_t mode,
             uint32_t lookup_flags, struct file **out)
{
    struct walk w;
    int err;

    if (flags & O_PATH)
        flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if (!(flags & O_NOFOLLOW) &&
        (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL))
        lookup_flags |= LOOKUP_FOLLOW;
    if ((flags & O_TMPFILE) != O_TMPFILE && (flags & O_TMPFILE & ~O_DIRECTORY))
        return -EINVAL;
    if ((flags & O_TMPFILE) == O_TMPFILE && (flags & O_ACCMODE) == O_RDONLY)
        return -EINVAL;
    if ((flags & (O_DIRECTORY | O_CREAT)) == (O_DIRECTORY | O_CREAT))
        return -EINVAL; /* open(2), BUGS; refused since Linux 6.4 */
    for (int tries = 0;; tries++) {
        err = walk_begin(&w, dirfd, path, lookup_flags);
        if (!err)
            err = find_and_open(&w, flags, mode, out);
        walk_end(&w);
        if (!made_by_another(err, flags) || tries == TRIES)
            return err;
    }
}
