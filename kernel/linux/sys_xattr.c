/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended attributes: xattr(7).
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
#include "lib/string.h"

/* The arguments behind the file: name, value, size, flags. */
struct xargs {
    uptr_t name, value;
    uint64_t size;
    uint32_t flags;
};
typedef int64_t xattr_fn(struct inode *inode, const struct xargs *a);

static int64_t on_path(struct abi_frame *r, uint32_t lookup, xattr_fn *fn,
                       const struct xargs *a)
{
    struct upath path;
    struct dentry *d;
    int64_t n = upath_get(&path, r->rdi);

    if (n)
        return n;
    n = path_lookup(AT_FDCWD, path.s, lookup, &d);
    upath_put(&path);
    if (n)
        return n;
    n = fn(d->inode, a);
    dentry_put(d);
    return n;
}

static int64_t on_fd(struct abi_frame *r, xattr_fn *fn, const struct xargs *a)
{
    struct file *f = fd_file((int)r->rdi);
    int64_t n;

    if (!f || (f->flags & O_PATH))
        return -EBADF;
    file_get(f);
    n = f->inode ? fn(f->inode, a) : -EOPNOTSUPP;
    file_put(f);
    return n;
}

static int64_t get_name(char *name, uptr_t uptr)
{
    int64_t n = strncpy_from_user(name, uptr, XATTR_NAME_MAX + 1);

    if (n == -ENAMETOOLONG || n == 0)
        return -ERANGE;
    return n < 0 ? n : 0;
}

/* user.* belongs to files and directories, trusted.* to root. */
static int64_t may(struct inode *inode, const char *name, bool write)
{
    if (strncmp(name, "trusted.", 8) == 0)
        return process.euid == 0 ? 0 : write ? -EPERM : -ENODATA;
    if (strncmp(name, "user.", 5) == 0) {
        if (!S_ISREG(inode->mode) && !S_ISDIR(inode->mode))
            return write ? -EPERM : -ENODATA;
        return inode_permission(inode, write ? 2 : 4);
    }
    if (strncmp(name, "security.", 9) == 0)
        return write && process.euid != 0 ? -EPERM : 0;
    return -EOPNOTSUPP;
}

static int64_t do_set(struct inode *inode, const struct xargs *a)
{
    char name[XATTR_NAME_MAX + 1];
    void *value;
    int64_t err = get_name(name, a->name);

    if (err)
        return err;
    if (a->size > XATTR_SIZE_MAX)
        return -E2BIG;
    if (a->flags & ~3u)
        return -EINVAL;
    err = may(inode, name, true);
    if (err)
        return err;
    if (inode->super->flags & SUPER_RDONLY)
        return -EROFS;
    if (!inode->ops->setxattr)
        return -EOPNOTSUPP;
    value = kmalloc(a->size + 1);
    if (!value)
        return -ENOMEM;
    err = copy_from_user(value, a->value, a->size);
    if (!err)
        err = inode->ops->setxattr(inode, name, value, a->size, a->flags);
    kfree(value);
    return err;
}

/* Calls get or list into a buffer of at most max bytes and copies out. */
static int64_t fetch(struct inode *inode, const char *name,
                     const struct xargs *a, uint64_t max)
{
    uint64_t size = a->size < max ? a->size : max;
    void *buf = size ? kmalloc(size) : NULL;
    int64_t n;

    if (size && !buf)
        return -ENOMEM;
    n = name ? inode->ops->getxattr(inode, name, buf, size)
             : inode->ops->listxattr(inode, buf, size);
    if (n > 0 && size && copy_to_user(a->value, buf, n))
        n = -EFAULT;
    kfree(buf);
    return n;
}

static int64_t do_get(struct inode *inode, const struct xargs *a)
{
    char name[XATTR_NAME_MAX + 1];
    int64_t err = get_name(name, a->name);

    if (!err)
        err = may(inode, name, false);
    if (err)
        return err;
    if (!inode->ops->getxattr)
        return -EOPNOTSUPP;
    return fetch(inode, name, a, XATTR_SIZE_MAX);
}

static int64_t do_list(struct inode *inode, const struct xargs *a)
{
    return inode->ops->listxattr ? fetch(inode, NULL, a, XATTR_LIST_MAX) : 0;
}

static int64_t do_remove(struct inode *inode, const struct xargs *a)
{
    char name[XATTR_NAME_MAX + 1];
    int64_t err = get_name(name, a->name);

    if (!err)
        err = may(inode, name, true);
    if (err)
        return err;
    if (inode->super->flags & SUPER_RDONLY)
        return -EROFS;
    return inode->ops->removexattr ? inode->ops->removexattr(inode, name)
                                   : -EOPNOTSUPP;
}

static struct xargs set_args(struct abi_frame *r)
{
    struct xargs a = {r->rsi, r->rdx, r->r10, (uint32_t)r->r8};

    return a;
}

static struct xargs list_args(struct abi_frame *r)
{
    struct xargs a = {0, r->rsi, r->rdx, 0};

    return a;
}

int64_t sys_setxattr(struct abi_frame *r)
{
    struct xargs a = set_args(r);

    return on_path(r, LOOKUP_FOLLOW, do_set, &a);
}

int64_t sys_lsetxattr(struct abi_frame *r)
{
    struct xargs a = set_args(r);

    return on_path(r, 0, do_set, &a);
}

int64_t sys_fsetxattr(struct abi_frame *r)
{
    struct xargs a = set_args(r);

    return on_fd(r, do_set, &a);
}

int64_t sys_getxattr(struct abi_frame *r)
{
    struct xargs a = set_args(r);

    return on_path(r, LOOKUP_FOLLOW, do_get, &a);
}

int64_t sys_lgetxattr(struct abi_frame *r)
{
    struct xargs a = set_args(r);

    return on_path(r, 0, do_get, &a);
}

int64_t sys_fgetxattr(struct abi_frame *r)
{
    struct xargs a = set_args(r);

    return on_fd(r, do_get, &a);
}

int64_t sys_listxattr(struct abi_frame *r)
{
    struct xargs a = list_args(r);

    return on_path(r, LOOKUP_FOLLOW, do_list, &a);
}

int64_t sys_llistxattr(struct abi_frame *r)
{
    struct xargs a = list_args(r);

    return on_path(r, 0, do_list, &a);
}

int64_t sys_flistxattr(struct abi_frame *r)
{
    struct xargs a = list_args(r);

    return on_fd(r, do_list, &a);
}

int64_t sys_removexattr(struct abi_frame *r)
{
    struct xargs a = set_args(r);

    return on_path(r, LOOKUP_FOLLOW, do_remove, &a);
}

int64_t sys_lremovexattr(struct abi_frame *r)
{
    struct xargs a = set_args(r);

    return on_path(r, 0, do_remove, &a);
}

int64_t sys_fremovexattr(struct abi_frame *r)
{
    struct xargs a = set_args(r);

    return on_fd(r, do_remove, &a);
}
