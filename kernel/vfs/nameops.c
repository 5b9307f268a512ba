/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Operations on names: create, link, unlink, rename.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "kernel/sched/thread.h"
#include "kernel/vfs/mode.h"
#include "kernel/vfs/notify.h"
#include "kernel/vfs/walk.h"
#include "lib/string.h"

int may_delete(struct inode *dir, struct inode *victim)
{
    int err = inode_permission(dir, 3);

    if (err)
        return err;
    if ((dir->mode & S_ISVTX) && process.euid != 0 &&
        process.euid != victim->uid && process.euid != dir->uid)
        return -EPERM;
    return 0;
}

/* The entry to be created: negative, in a writable directory. */
static int lookup_new(struct path_last *last, bool directory,
                      struct dentry **out)
{
    struct inode *dir = last->parent->inode;
    int err;

    if (last->special)
        return -EEXIST;
    err = dentry_lookup(last->parent, last->name, last->name_len, out);
    if (err)
        return err;
    if ((*out)->inode)
        err = -EEXIST;
    else if (last->must_be_dir && !directory)
        err = -ENOENT;
    else
        err = inode_permission(dir, 3);
    if (err)
        dentry_put(*out);
    return err;
}

static int begin_new(int dirfd, const char *path, bool directory,
                     struct path_last *last, struct dentry **out)
{
    int err = path_parent(dirfd, path, last);

    if (err)
        return err;
    err = lookup_new(last, directory, out);
    if (err)
        dentry_put(last->parent);
    return err;
}

static void end_new(struct path_last *last, struct dentry *d, int err)
{
    if (!err)
        notify_dentry(d, NOTIFY_CREATE);
    dentry_put(d);
    dentry_put(last->parent);
}

int vfs_create_dentry(int dirfd, const char *path, uint32_t mode, uint64_t rdev,
                      struct dentry **out)
{
    struct path_last last;
    struct dentry *d;
    struct inode *dir;
    int err = begin_new(dirfd, path, S_ISDIR(mode), &last, &d);

    if (err)
        return err;
    dir = last.parent->inode;
    mode = (mode & S_IFMT) | (mode & 07777 & ~process.umask);
    err = dir->ops->create ? dir->ops->create(dir, d, mode, rdev) : -EPERM;
    if (!err) {
        dentry_get(d);
        *out = d;
    }
    end_new(&last, d, err);
    return err;
}

int vfs_create(int dirfd, const char *path, uint32_t mode, uint64_t rdev)
{
    struct dentry *d;
    int err = vfs_create_dentry(dirfd, path, mode, rdev, &d);

    if (!err)
        dentry_put(d);
    return err;
}

void vfs_make_parents(char *path)
{
    for (char *p = path + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        vfs_create(AT_FDCWD, path, S_IFDIR | 0755, 0);
        *p = '/';
    }
}

int vfs_symlink(const char *target, int dirfd, const char *path)
{
    struct path_last last;
    struct dentry *d;
    struct inode *dir;
    int err;

    if (!*target)
        return -ENOENT;
    err = begin_new(dirfd, path, false, &last, &d);
    if (err)
        return err;
    dir = last.parent->inode;
    err = dir->ops->symlink ? dir->ops->symlink(dir, d, target) : -EPERM;
    end_new(&last, d, err);
    return err;
}

int vfs_link(struct dentry *from, int dirfd, const char *path)
{
    struct path_last last;
    struct dentry *d;
    struct inode *dir;
    int err;

    if (S_ISDIR(from->inode->mode))
        return -EPERM;
    err = begin_new(dirfd, path, false, &last, &d);
    if (err)
        return err;
    dir = last.parent->inode;
    if (dir->super != from->inode->super)
        err = -EXDEV;
    else
        err = dir->ops->link ? dir->ops->link(dir, d, from->inode) : -EPERM;
    end_new(&last, d, err);
    return err;
}

static int check_unlink(struct path_last *last, struct dentry *d,
                        bool directory)
{
    if (!d->inode)
        return -ENOENT;
    if (d->mounted)
        return -EBUSY;
    if (directory && !S_ISDIR(d->inode->mode))
        return -ENOTDIR;
    if (!directory && S_ISDIR(d->inode->mode))
        return -EISDIR;
    if (last->must_be_dir && !S_ISDIR(d->inode->mode))
        return -ENOTDIR;
    if (!last->parent->inode->ops->unlink)
        return -EPERM;
    return may_delete(last->parent->inode, d->inode);
}

static int unlink_last(struct path_last *last, bool directory)
{
    struct dentry *d;
    int err = dentry_lookup(last->parent, last->name, last->name_len, &d);

    if (err)
        return err;
    err = check_unlink(last, d, directory);
    if (!err)
        err = last->parent->inode->ops->unlink(last->parent->inode, d);
    if (!err) {
        notify_dentry(d, NOTIFY_DELETE);
        if (directory || !d->inode->nlink)
            notify_dentry(d, NOTIFY_DELETE_SELF);
    }
    dentry_put(d);
    return err;
}

int vfs_unlink(int dirfd, const char *path, bool directory)
{
    struct path_last last;
    int err = path_parent(dirfd, path, &last);

    if (err)
        return err;
    if (!last.special)
        err = unlink_last(&last, directory);
    else if (!directory)
        err = -EISDIR;
    else
        err = path[strlen(path) - 1] == '.' ? -EINVAL : -EBUSY;
    dentry_put(last.parent);
    return err;
}

static int check_replace(struct dentry *old, struct dentry *new, uint32_t flags)
{
    bool exchange = flags & RENAME_EXCHANGE;

    if (!new->inode)
        return exchange ? -ENOENT : 0;
    if (flags & RENAME_NOREPLACE)
        return -EEXIST;
    if (new->inode == old->inode)
        return 0; /* two names of one file: nothing is done */
    if (new->mounted)
        return -EBUSY;
    if (dentry_is_below(old, new))
        return exchange ? -EINVAL : -ENOTEMPTY;
    if (exchange)
        return 0;
    if (S_ISDIR(old->inode->mode) && !S_ISDIR(new->inode->mode))
        return -ENOTDIR;
    if (!S_ISDIR(old->inode->mode) && S_ISDIR(new->inode->mode))
        return -EISDIR;
    return may_delete(new->parent->inode, new->inode);
}

static int check_rename(struct path_last *from, struct path_last *to,
                        struct dentry *old, struct dentry *new, uint32_t flags)
{
    struct inode *dir = from->parent->inode;
    bool is_dir;
    int err;

    if (!old->inode)
        return -ENOENT;
    is_dir = S_ISDIR(old->inode->mode);
    if (!is_dir && (from->must_be_dir || to->must_be_dir))
        return -ENOTDIR;
    if (old->mounted)
        return -EBUSY;
    if (is_dir && dentry_is_below(to->parent, old))
        return -EINVAL;
    err = may_delete(dir, old->inode);
    if (!err)
        err = inode_permission(to->parent->inode, 3);
    if (!err)
        err = check_replace(old, new, flags);
    if (!err && !dir->ops->rename)
        err = -EPERM;
    return err;
}

static void notify_rename(struct path_last *from, struct dentry *moved)
{
    static uint32_t cookie;
    bool is_dir = S_ISDIR(moved->inode->mode);

    if (!notify_hook)
        return;
    cookie++;
    notify_hook(from->parent->inode, from->name, NOTIFY_MOVED_FROM, cookie,
                is_dir);
    notify_hook(moved->parent->inode, moved->name, NOTIFY_MOVED_TO, cookie,
                is_dir);
    notify_dentry(moved, NOTIFY_MOVE_SELF);
}

static int rename_last(struct path_last *from, struct path_last *to,
                       uint32_t flags)
{
    struct dentry *old, *new;
    int err;

    if (from->special || to->special)
        return -EBUSY;
    if (from->parent->super != to->parent->super)
        return -EXDEV;
    err = dentry_lookup(from->parent, from->name, from->name_len, &old);
    if (err)
        return err;
    err = dentry_lookup(to->parent, to->name, to->name_len, &new);
    if (err) {
        dentry_put(old);
        return err;
    }
    if (old->inode && old->inode == new->inode)
        err = flags & RENAME_NOREPLACE ? -EEXIST : 0; /* one file, two names */
    else
        err = check_rename(from, to, old, new, flags);
    if (!err && old->inode != new->inode) {
        err = from->parent->inode->ops->rename(from->parent->inode, old,
                                               to->parent->inode, new, flags);
        if (!err)
            notify_rename(from, old);
    }
    dentry_put(old);
    dentry_put(new);
    return err;
}

int vfs_rename(int old_dirfd, const char *old_path, int new_dirfd,
               const char *new_path, uint32_t flags)
{
    struct path_last from, to;
    int err;

    if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) ||
        flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
        return -EINVAL;
    err = path_parent(old_dirfd, old_path, &from);
    if (err)
        return err;
    err = path_parent(new_dirfd, new_path, &to);
    if (!err) {
        err = rename_last(&from, &to, flags);
        dentry_put(to.parent);
    }
    dentry_put(from.parent);
    return err;
}

int vfs_readlink(struct dentry *d, char *buf, size_t size_bytes)
{
    struct inode *inode = d->inode;

    if (!S_ISLNK(inode->mode) || !inode->ops->readlink)
        return -EINVAL;
    return inode->ops->readlink(inode, buf, size_bytes);
}
