/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stat(2), statx(2), statfs(2), access(2), readlink(2).
 */
#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/stat.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/upath.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/namei.h"
#include "lib/string.h"

/* Floor division: times before 1970 have positive nanoseconds. */
static int64_t seconds(int64_t ns)
{
    int64_t s = ns / (int64_t)NSEC_PER_SEC;

    return ns % (int64_t)NSEC_PER_SEC < 0 ? s - 1 : s;
}

static uint32_t nanos(int64_t ns)
{
    return (uint32_t)(ns - seconds(ns) * (int64_t)NSEC_PER_SEC);
}

static int64_t put_stat(uptr_t to, const struct kstat *k)
{
    struct stat st = {
        .st_dev = k->dev,
        .st_ino = k->ino,
        .st_nlink = k->nlink,
        .st_mode = k->mode,
        .st_uid = k->uid,
        .st_gid = k->gid,
        .st_rdev = k->rdev,
        .st_size = k->size_bytes,
        .st_blksize = k->blksize,
        .st_blocks = k->blocks,
        .st_atime = seconds(k->atime_ns),
        .st_atime_nsec = nanos(k->atime_ns),
        .st_mtime = seconds(k->mtime_ns),
        .st_mtime_nsec = nanos(k->mtime_ns),
        .st_ctime = seconds(k->ctime_ns),
        .st_ctime_nsec = nanos(k->ctime_ns),
    };

    return copy_out(to, &st);
}

/* What anonymous objects (epoll, eventfd, sockets) show. */
static int stat_anonymous(struct kstat *st)
{
    memset(st, 0, sizeof(*st));
    st->dev = 1;
    st->ino = 1;
    st->mode = 0600;
    st->nlink = 1;
    st->blksize = 4096;
    return 0;
}

static int stat_file(struct file *f, struct kstat *st)
{
    if (f->ops->stat) {
        stat_anonymous(st);
        return f->ops->stat(f, st);
    }
    return f->inode ? inode_stat(f->inode, st) : stat_anonymous(st);
}

static int stat_fd(int fd, struct kstat *st)
{
    struct file *f = fd_file_get(fd);
    int err;

    if (!f)
        return -EBADF;
    err = stat_file(f, st);
    file_put(f);
    return err;
}

static int stat_path(int dirfd, const char *path, uint32_t lookup,
                     struct kstat *st)
{
    struct dentry *d;
    int err = path_lookup(dirfd, path, lookup, &d);

    if (err)
        return err;
    err = inode_stat(d->inode, st);
    dentry_put(d);
    return err;
}

static int stat_at(int dirfd, uptr_t upath, uint32_t flags, struct kstat *st)
{
    uint32_t lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
    struct upath path;
    int err;

    if (!upath && (flags & AT_EMPTY_PATH))
        return stat_fd(dirfd, st);
    err = upath_get(&path, upath);
    if (err)
        return err;
    if (!*path.s && (flags & AT_EMPTY_PATH) && dirfd != AT_FDCWD)
        err = stat_fd(dirfd, st);
    else
        err = stat_path(dirfd, path.s,
                        flags & AT_EMPTY_PATH ? lookup | LOOKUP_EMPTY : lookup,
                        st);
    upath_put(&path);
    return err;
}

int64_t sys_stat(struct abi_frame *r)
{
    struct kstat st;
    int err = stat_at(AT_FDCWD, r->rdi, 0, &st);

    return err ? err : put_stat(r->rsi, &st);
}

int64_t sys_lstat(struct abi_frame *r)
{
    struct kstat st;
    int err = stat_at(AT_FDCWD, r->rdi, AT_SYMLINK_NOFOLLOW, &st);

    return err ? err : put_stat(r->rsi, &st);
}

int64_t sys_fstat(struct abi_frame *r)
{
    struct kstat st;
    int err = stat_fd((int)r->rdi, &st);

    return err ? err : put_stat(r->rsi, &st);
}

int64_t sys_newfstatat(struct abi_frame *r)
{
    struct kstat st;
    uint32_t flags = (uint32_t)r->r10;
    int err;

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
        return -EINVAL;
    err = stat_at((int)r->rdi, r->rsi, flags, &st);
    return err ? err : put_stat(r->rdx, &st);
}

static struct statx_timestamp stamp(int64_t ns)
{
    struct statx_timestamp t = {.tv_sec = seconds(ns), .tv_nsec = nanos(ns)};

    return t;
}

/* new_encode_dev(): 12 bits of major number above the low 8 of the minor. */
static uint32_t major_of(uint64_t dev)
{
    return (dev >> 8) & 0xfff;
}

static uint32_t minor_of(uint64_t dev)
{
    return (dev & 0xff) | ((dev >> 12) & 0xfff00);
}

int64_t sys_statx(struct abi_frame *r)
{
    uint32_t flags = (uint32_t)r->rdx;
    struct statx sx;
    struct kstat k;
    int err;

    if ((flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE ||
        (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH |
                   AT_STATX_SYNC_TYPE)) ||
        (r->r10 & STATX__RESERVED))
        return -EINVAL;
    err = stat_at((int)r->rdi, r->rsi, flags, &k);
    if (err)
        return err;
    memset(&sx, 0, sizeof(sx));
    sx.stx_mask = STATX_BASIC_STATS | STATX_BTIME;
    sx.stx_blksize = k.blksize;
    sx.stx_nlink = k.nlink;
    sx.stx_uid = k.uid;
    sx.stx_gid = k.gid;
    sx.stx_mode = k.mode;
    sx.stx_ino = k.ino;
    sx.stx_size = k.size_bytes;
    sx.stx_blocks = k.blocks;
    sx.stx_atime = stamp(k.atime_ns);
    sx.stx_btime = stamp(k.btime_ns);
    sx.stx_ctime = stamp(k.ctime_ns);
    sx.stx_mtime = stamp(k.mtime_ns);
    sx.stx_rdev_major = major_of(k.rdev);
    sx.stx_rdev_minor = minor_of(k.rdev);
    sx.stx_dev_major = major_of(k.dev);
    sx.stx_dev_minor = minor_of(k.dev);
    return copy_out(r->r8, &sx);
}

static int64_t put_statfs(uptr_t to, struct super *super)
{
    struct kstatfs k = {.bsize = 4096};
    struct statfs st;
    int err = super && super->statfs ? super->statfs(super, &k) : 0;

    if (err)
        return err;
    memset(&st, 0, sizeof(st));
    st.f_type = k.type;
    st.f_bsize = st.f_frsize = k.bsize;
    st.f_blocks = k.blocks;
    st.f_bfree = st.f_bavail = k.bfree;
    st.f_files = k.files;
    st.f_ffree = k.ffree;
    st.f_namelen = DENTRY_NAME_MAX;
    st.f_fsid.val[0] = super ? (int)super->dev : 0;
    st.f_flags = 0x20 | (super && super->flags & SUPER_RDONLY ? 1 : 0);
    return copy_out(to, &st);
}

int64_t sys_statfs(struct abi_frame *r)
{
    struct upath path;
    struct dentry *d;
    int64_t err = upath_get(&path, r->rdi);

    if (err)
        return err;
    err = path_lookup(AT_FDCWD, path.s, LOOKUP_FOLLOW, &d);
    upath_put(&path);
    if (err)
        return err;
    err = put_statfs(r->rsi, d->super);
    dentry_put(d);
    return err;
}

int64_t sys_fstatfs(struct abi_frame *r)
{
    struct file *f = fd_file((int)r->rdi);

    if (!f)
        return -EBADF;
    return put_statfs(r->rsi, f->inode ? f->inode->super : NULL);
}

static int64_t do_access(int dirfd, uptr_t upath, uint32_t mask, uint32_t flags)
{
    bool effective = flags & AT_EACCESS;
    uint32_t lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
    struct upath path;
    struct dentry *d;
    int64_t err;

    if ((mask & ~7u) ||
        (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
        return -EINVAL;
    if (flags & AT_EMPTY_PATH)
        lookup |= LOOKUP_EMPTY;
    err = upath_get(&path, upath);
    if (err)
        return err;
    err = path_lookup(dirfd, path.s, lookup, &d);
    upath_put(&path);
    if (err)
        return err;
    if (mask)
        err = inode_permission_as(d->inode, mask,
                                  effective ? process.euid : process.uid,
                                  effective ? process.egid : process.gid);
    dentry_put(d);
    return err;
}

int64_t sys_access(struct abi_frame *r)
{
    return do_access(AT_FDCWD, r->rdi, (uint32_t)r->rsi, 0);
}

int64_t sys_faccessat(struct abi_frame *r)
{
    return do_access((int)r->rdi, r->rsi, (uint32_t)r->rdx, 0);
}

int64_t sys_faccessat2(struct abi_frame *r)
{
    return do_access((int)r->rdi, r->rsi, (uint32_t)r->rdx, (uint32_t)r->r10);
}

static int64_t do_readlink(int dirfd, uptr_t upath, uptr_t to, int size)
{
    struct upath path;
    struct dentry *d;
    char *buf;
    int64_t n;

    if (size <= 0)
        return -EINVAL;
    n = upath_get(&path, upath);
    if (n)
        return n;
    n = path_lookup(dirfd, path.s, dirfd == AT_FDCWD ? 0 : LOOKUP_EMPTY, &d);
    upath_put(&path);
    if (n)
        return n;
    size = size < PATH_MAX ? size : PATH_MAX;
    buf = kmalloc(size);
    n = buf ? vfs_readlink(d, buf, size) : -ENOMEM;
    if (n >= 0 && copy_to_user(to, buf, n))
        n = -EFAULT;
    kfree(buf);
    dentry_put(d);
    return n;
}

int64_t sys_readlink(struct abi_frame *r)
{
    return do_readlink(AT_FDCWD, r->rdi, r->rsi, (int)r->rdx);
}

int64_t sys_readlinkat(struct abi_frame *r)
{
    return do_readlink((int)r->rdi, r->rsi, r->rdx, (int)r->r10);
}
