/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names and directories: mkdir(2), unlink(2), link(2), rename(2), chdir(2) and
 * relatives.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/stat.h>

#include "kernel/core/alloc.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/upath.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/namei.h"

static int64_t do_create(int dirfd, uptr_t upath, uint32_t mode, uint64_t dev)
{
    struct upath path;
    int64_t err = upath_get(&path, upath);

    if (err)
        return err;
    err = vfs_create(dirfd, path.s, mode, dev);
    upath_put(&path);
    return err;
}

int64_t sys_mkdir(struct abi_frame *r)
{
    return do_create(AT_FDCWD, r->rdi, S_IFDIR | (r->rsi & 01777), 0);
}

int64_t sys_mkdirat(struct abi_frame *r)
{
    return do_create((int)r->rdi, r->rsi, S_IFDIR | (r->rdx & 01777), 0);
}

static int64_t do_mknod(int dirfd, uptr_t upath, uint32_t mode, uint64_t dev)
{
    switch (mode & S_IFMT) {
    case 0:
        mode |= S_IFREG;
        break;
    case S_IFREG:
    case S_IFIFO:
    case S_IFSOCK:
        break;
    case S_IFCHR:
    case S_IFBLK:
        if (process.euid != 0)
            return -EPERM;
        break;
    case S_IFDIR:
        return -EPERM;
    default:
        return -EINVAL;
    }
    return do_create(dirfd, upath, mode, dev);
}

int64_t sys_mknod(struct abi_frame *r)
{
    return do_mknod(AT_FDCWD, r->rdi, (uint32_t)r->rsi, (uint32_t)r->rdx);
}

int64_t sys_mknodat(struct abi_frame *r)
{
    return do_mknod((int)r->rdi, r->rsi, (uint32_t)r->rdx, (uint32_t)r->r10);
}

static int64_t do_unlink(int dirfd, uptr_t upath, bool directory)
{
    struct upath path;
    int64_t err = upath_get(&path, upath);

    if (err)
        return err;
    err = vfs_unlink(dirfd, path.s, directory);
    upath_put(&path);
    return err;
}

int64_t sys_unlink(struct abi_frame *r)
{
    return do_unlink(AT_FDCWD, r->rdi, false);
}

int64_t sys_rmdir(struct abi_frame *r)
{
    return do_unlink(AT_FDCWD, r->rdi, true);
}

int64_t sys_unlinkat(struct abi_frame *r)
{
    if (r->rdx & ~(uint64_t)AT_REMOVEDIR)
        return -EINVAL;
    return do_unlink((int)r->rdi, r->rsi, r->rdx & AT_REMOVEDIR);
}

static int64_t link_paths(int old_fd, const char *old, int new_fd,
                          const char *new, uint32_t flags)
{
    uint32_t lookup = flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0;
    struct dentry *d;
    int64_t err;

    if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if (flags & AT_EMPTY_PATH)
        lookup |= LOOKUP_EMPTY;
    err = path_lookup(old_fd, old, lookup, &d);
    if (err)
        return err;
    err = vfs_link(d, new_fd, new);
    dentry_put(d);
    return err;
}

static int64_t do_link(int old_fd, uptr_t uold, int new_fd, uptr_t unew,
                       uint32_t flags)
{
    struct upath_pair p;
    int64_t err = upath_get_pair(&p, uold, unew);

    if (err)
        return err;
    err = link_paths(old_fd, p.old.s, new_fd, p.new.s, flags);
    upath_put_pair(&p);
    return err;
}

int64_t sys_link(struct abi_frame *r)
{
    return do_link(AT_FDCWD, r->rdi, AT_FDCWD, r->rsi, 0);
}

int64_t sys_linkat(struct abi_frame *r)
{
    return do_link((int)r->rdi, r->rsi, (int)r->rdx, r->r10, (uint32_t)r->r8);
}

static int64_t do_symlink(uptr_t utarget, int dirfd, uptr_t upath)
{
    struct upath_pair p;
    int64_t err = upath_get_pair(&p, utarget, upath);

    if (err)
        return err;
    err = vfs_symlink(p.old.s, dirfd, p.new.s);
    upath_put_pair(&p);
    return err;
}

int64_t sys_symlink(struct abi_frame *r)
{
    return do_symlink(r->rdi, AT_FDCWD, r->rsi);
}

int64_t sys_symlinkat(struct abi_frame *r)
{
    return do_symlink(r->rdi, (int)r->rsi, r->rdx);
}

static int64_t do_rename(int old_fd, uptr_t uold, int new_fd, uptr_t unew,
                         uint32_t flags)
{
    struct upath_pair p;
    int64_t err = upath_get_pair(&p, uold, unew);

    if (err)
        return err;
    err = vfs_rename(old_fd, p.old.s, new_fd, p.new.s, flags);
    upath_put_pair(&p);
    return err;
}

int64_t sys_rename(struct abi_frame *r)
{
    return do_rename(AT_FDCWD, r->rdi, AT_FDCWD, r->rsi, 0);
}

int64_t sys_renameat(struct abi_frame *r)
{
    return do_rename((int)r->rdi, r->rsi, (int)r->rdx, r->r10, 0);
}

int64_t sys_renameat2(struct abi_frame *r)
{
    return do_rename((int)r->rdi, r->rsi, (int)r->rdx, r->r10, (uint32_t)r->r8);
}

int64_t sys_getcwd(struct abi_frame *r)
{
    char *buf = kmalloc(PATH_MAX);
    int64_t n;

    if (!buf)
        return -ENOMEM;
    n = dentry_path(vfs_cwd(), buf, PATH_MAX);
    if (n >= 0 && vfs_cwd()->parent != vfs_cwd() &&
        !(vfs_cwd()->flags & DENTRY_HASHED) &&
        !(vfs_cwd()->super->flags & SUPER_NOCACHE))
        n = -ENOENT;
    if (n >= 0)
        n = (uint64_t)n + 1 > r->rsi ? -ERANGE : n + 1;
    if (n > 0 && copy_to_user(r->rdi, buf, n))
        n = -EFAULT;
    kfree(buf);
    return n;
}

static int64_t enter(struct dentry *d, void (*set)(struct dentry *d))
{
    int64_t err =
        S_ISDIR(d->inode->mode) ? inode_permission(d->inode, 1) : -ENOTDIR;

    if (!err)
        set(d);
    return err;
}

static int64_t enter_path(uptr_t upath, void (*set)(struct dentry *d))
{
    struct upath path;
    struct dentry *d;
    int64_t err = upath_get(&path, upath);

    if (err)
        return err;
    err = path_lookup(AT_FDCWD, path.s, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &d);
    upath_put(&path);
    if (err)
        return err;
    err = enter(d, set);
    dentry_put(d);
    return err;
}

int64_t sys_chdir(struct abi_frame *r)
{
    return enter_path(r->rdi, vfs_set_cwd);
}

int64_t sys_fchdir(struct abi_frame *r)
{
    struct file *f = fd_file((int)r->rdi);

    if (!f)
        return -EBADF;
    return f->dentry ? enter(f->dentry, vfs_set_cwd) : -ENOTDIR;
}

int64_t sys_chroot(struct abi_frame *r)
{
    if (process.euid != 0)
        return -EPERM;
    return enter_path(r->rdi, vfs_set_root);
}

int64_t sys_umask(struct abi_frame *r)
{
    uint32_t old = process.umask;

    process.umask = r->rdi & 0777;
    return old;
}
