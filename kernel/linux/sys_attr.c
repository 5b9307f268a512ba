/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attributes: chmod(2), chown(2), utimensat(2), truncate(2).
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/resource.h>
#include <linux/stat.h>
#include <linux/time_types.h>
#include <linux/utime.h>

#include "kernel/core/clock.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/upath.h"
#include "kernel/linux/utime.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/cred.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/namei.h"
#include "kernel/vfs/notify.h"

typedef int64_t change_fn(struct inode *inode, const void *arg);

static int64_t change_dentry(struct dentry *d, change_fn *fn, const void *arg)
{
    int64_t err = fn(d->inode, arg);

    if (!err)
        notify_dentry(d, NOTIFY_ATTRIB);
    return err;
}

static int64_t change_path(int dirfd, uptr_t upath, uint32_t lookup,
                           change_fn *fn, const void *arg)
{
    struct upath path;
    struct dentry *d;
    int64_t err = upath_get(&path, upath);

    if (err)
        return err;
    err = path_lookup(dirfd, path.s, lookup, &d);
    upath_put(&path);
    if (err)
        return err;
    err = change_dentry(d, fn, arg);
    dentry_put(d);
    return err;
}

static int64_t change_fd(int fd, change_fn *fn, const void *arg)
{
    struct file *f = fd_file(fd);
    int64_t err = 0;

    if (!f || (f->flags & O_PATH))
        return -EBADF;
    file_get(f);
    if (f->dentry)
        err = change_dentry(f->dentry, fn, arg);
    else if (f->inode)
        err = fn(f->inode, arg);
    file_put(f);
    return err;
}

static int64_t chmod_inode(struct inode *inode, const void *arg)
{
    struct iattr attr = {.valid = ATTR_MODE, .mode = *(const uint32_t *)arg};
    int err = inode_owner(inode);

    if (S_ISLNK(inode->mode))
        return -EOPNOTSUPP;
    if (err)
        return err;
    if (process.euid != 0 && !inode_in_group(inode->gid))
        attr.mode &= ~S_ISGID;
    return inode_setattr(inode, &attr);
}

int64_t sys_chmod(struct abi_frame *r)
{
    uint32_t mode = (uint32_t)r->rsi & 07777;

    return change_path(AT_FDCWD, r->rdi, LOOKUP_FOLLOW, chmod_inode, &mode);
}

int64_t sys_fchmod(struct abi_frame *r)
{
    uint32_t mode = (uint32_t)r->rsi & 07777;

    return change_fd((int)r->rdi, chmod_inode, &mode);
}

int64_t sys_fchmodat(struct abi_frame *r)
{
    uint32_t mode = (uint32_t)r->rdx & 07777;

    return change_path((int)r->rdi, r->rsi, LOOKUP_FOLLOW, chmod_inode, &mode);
}

struct ids {
    uint32_t uid, gid;
};

static int64_t chown_inode(struct inode *inode, const void *arg)
{
    const struct ids *ids = arg;
    struct iattr attr = {.uid = ids->uid, .gid = ids->gid};

    if (ids->uid != UINT32_MAX)
        attr.valid |= ATTR_UID;
    if (ids->gid != UINT32_MAX)
        attr.valid |= ATTR_GID;
    if (process.euid != 0) {
        if (process.euid != inode->uid ||
            ((attr.valid & ATTR_UID) && ids->uid != inode->uid) ||
            ((attr.valid & ATTR_GID) && !inode_in_group(ids->gid)))
            return -EPERM;
    }
    return inode_setattr(inode, &attr);
}

int64_t sys_chown(struct abi_frame *r)
{
    struct ids ids = {(uint32_t)r->rsi, (uint32_t)r->rdx};

    return change_path(AT_FDCWD, r->rdi, LOOKUP_FOLLOW, chown_inode, &ids);
}

int64_t sys_lchown(struct abi_frame *r)
{
    struct ids ids = {(uint32_t)r->rsi, (uint32_t)r->rdx};

    return change_path(AT_FDCWD, r->rdi, 0, chown_inode, &ids);
}

int64_t sys_fchown(struct abi_frame *r)
{
    struct ids ids = {(uint32_t)r->rsi, (uint32_t)r->rdx};

    return change_fd((int)r->rdi, chown_inode, &ids);
}

int64_t sys_fchownat(struct abi_frame *r)
{
    struct ids ids = {(uint32_t)r->rdx, (uint32_t)r->r10};
    uint32_t flags = (uint32_t)r->r8, lookup = LOOKUP_FOLLOW;

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if (flags & AT_SYMLINK_NOFOLLOW)
        lookup = 0;
    if (flags & AT_EMPTY_PATH)
        lookup |= LOOKUP_EMPTY;
    return change_path((int)r->rdi, r->rsi, lookup, chown_inode, &ids);
}

struct times {
    int64_t atime_ns, mtime_ns;
    uint32_t valid;
    bool now; /* both: who may write the file may do that */
};

static int64_t set_times(struct inode *inode, const void *arg)
{
    const struct times *t = arg;
    struct iattr attr = {
        .valid = t->valid,
        .atime_ns = t->atime_ns,
        .mtime_ns = t->mtime_ns,
    };
    int err = inode_owner(inode);

    if (err && t->now)
        err = inode_permission(inode, 2);
    if (err)
        return err;
    return t->valid ? inode_setattr(inode, &attr) : 0;
}

static int64_t to_ns(int64_t sec, int64_t nsec)
{
    int64_t ns;

    if (__builtin_mul_overflow(sec, (int64_t)NSEC_PER_SEC, &ns) ||
        __builtin_add_overflow(ns, nsec, &ns))
        return sec < 0 ? INT64_MIN : INT64_MAX;
    return ns;
}

static void times_now(struct times *t)
{
    t->atime_ns = t->mtime_ns = clock_real_ns();
    t->valid = ATTR_ATIME | ATTR_MTIME;
    t->now = true;
}

static int one_time(const struct __kernel_timespec *ts, int64_t *ns,
                    uint32_t *valid, uint32_t bit, bool *now)
{
    *valid |= bit;
    if (ts->tv_nsec == UTIME_OMIT) {
        *valid &= ~bit;
        *now = false;
    } else if (ts->tv_nsec == UTIME_NOW) {
        *ns = clock_real_ns();
    } else {
        *now = false;
        if (ts->tv_nsec < 0 || ts->tv_nsec >= (int64_t)NSEC_PER_SEC)
            return -EINVAL;
        *ns = to_ns(ts->tv_sec, ts->tv_nsec);
    }
    return 0;
}

static int64_t change_times(int dirfd, uptr_t upath, uint32_t flags,
                            const struct times *t)
{
    uint32_t lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;

    if (!upath)
        return change_fd(dirfd, set_times, t);
    if (flags & AT_EMPTY_PATH)
        lookup |= LOOKUP_EMPTY;
    return change_path(dirfd, upath, lookup, set_times, t);
}

int64_t sys_utimensat(struct abi_frame *r)
{
    struct __kernel_timespec ts[2];
    struct times t = {.now = true};
    uint32_t flags = (uint32_t)r->r10;
    int err;

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if (!r->rdx) {
        times_now(&t);
        return change_times((int)r->rdi, r->rsi, flags, &t);
    }
    err = copy_in(&ts, r->rdx);
    if (!err)
        err = one_time(&ts[0], &t.atime_ns, &t.valid, ATTR_ATIME, &t.now);
    if (!err)
        err = one_time(&ts[1], &t.mtime_ns, &t.valid, ATTR_MTIME, &t.now);
    if (err)
        return err;
    return change_times((int)r->rdi, r->rsi, flags, &t);
}

/* struct timeval[2] at uptr, or NULL. */
static int64_t timeval_change(int dirfd, uptr_t upath, uptr_t utv)
{
    struct {
        int64_t sec, usec;
    } tv[2];
    struct times t = {.valid = ATTR_ATIME | ATTR_MTIME};
    int err;

    if (!utv) {
        times_now(&t);
        return change_times(dirfd, upath, 0, &t);
    }
    err = copy_in(&tv, utv);
    if (err)
        return err;
    if (tv[0].usec < 0 || tv[0].usec >= 1000000 || tv[1].usec < 0 ||
        tv[1].usec >= 1000000)
        return -EINVAL;
    t.atime_ns = to_ns(tv[0].sec, tv[0].usec * 1000);
    t.mtime_ns = to_ns(tv[1].sec, tv[1].usec * 1000);
    return change_times(dirfd, upath, 0, &t);
}

int64_t sys_utimes(struct abi_frame *r)
{
    return r->rdi ? timeval_change(AT_FDCWD, r->rdi, r->rsi) : -EFAULT;
}

int64_t sys_futimesat(struct abi_frame *r)
{
    return timeval_change((int)r->rdi, r->rsi, r->rdx);
}

int64_t sys_utime(struct abi_frame *r)
{
    struct utimbuf ub;
    struct times t = {.valid = ATTR_ATIME | ATTR_MTIME};
    int err;

    if (!r->rdi)
        return -EFAULT;
    if (!r->rsi) {
        times_now(&t);
        return change_times(AT_FDCWD, r->rdi, 0, &t);
    }
    err = copy_in(&ub, r->rsi);
    if (err)
        return err;
    t.atime_ns = to_ns(ub.actime, 0);
    t.mtime_ns = to_ns(ub.modtime, 0);
    return change_times(AT_FDCWD, r->rdi, 0, &t);
}

static int64_t truncate_inode(struct inode *inode, const void *arg)
{
    struct iattr attr = {
        .valid = ATTR_SIZE,
        .size_bytes = *(const uint64_t *)arg,
    };
    int err;

    if (S_ISDIR(inode->mode))
        return -EISDIR;
    if (!S_ISREG(inode->mode))
        return -EINVAL;
    err = inode_permission(inode, 2);
    if (!err)
        err = inode_check_running(inode);
    if (!err && attr.size_bytes > inode->size_bytes)
        err = inode_check_size(attr.size_bytes);
    return err ? err : inode_setattr(inode, &attr);
}

int64_t sys_truncate(struct abi_frame *r)
{
    uint64_t len = r->rsi;

    if ((int64_t)len < 0)
        return -EINVAL;
    return change_path(AT_FDCWD, r->rdi, LOOKUP_FOLLOW, truncate_inode, &len);
}

int64_t sys_ftruncate(struct abi_frame *r)
{
    struct file *f = fd_file((int)r->rdi);
    int64_t err;

    if (!f)
        return -EBADF;
    if ((int64_t)r->rsi < 0 || (f->flags & O_ACCMODE) == O_RDONLY ||
        !f->ops->truncate)
        return -EINVAL;
    if (f->inode && r->rsi > f->inode->size_bytes) {
        err = inode_check_size(r->rsi);
        if (err)
            return err;
    }
    file_get(f);
    err = f->ops->truncate(f, r->rsi);
    file_put(f);
    return err;
}
