/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptors: open(2), close(2), dup(2) and relatives.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>

#include "kernel/linux/calls.h"
#include "kernel/linux/upath.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/namei.h"
#include "kernel/vfs/notify.h"

enum {
    O_LARGEFILE_ = 0100000, /* what 64-bit Linux adds to each open */
    OPEN_FLAGS = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND |
                 O_NONBLOCK | O_SYNC | FASYNC | O_DIRECT | O_LARGEFILE_ |
                 O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH |
                 O_TMPFILE,
    CLOSE_RANGE_CLOEXEC_ = 4,
    CLOSE_RANGE_UNSHARE_ = 2,
};

static int64_t do_open(int dirfd, uptr_t upath, uint32_t flags, uint32_t mode,
                       uint32_t lookup)
{
    struct upath path;
    struct file *f;
    int err = upath_get(&path, upath);

    if (err)
        return err;
    flags &= OPEN_FLAGS;
    err = vfs_open(dirfd, path.s, flags | O_LARGEFILE_, mode, lookup, &f);
    upath_put(&path);
    return err ? err : fd_install(f, 0, flags & O_CLOEXEC);
}

int64_t sys_open(struct abi_frame *r)
{
    return do_open(AT_FDCWD, r->rdi, (uint32_t)r->rsi, (uint32_t)r->rdx, 0);
}

int64_t sys_openat(struct abi_frame *r)
{
    return do_open((int)r->rdi, r->rsi, (uint32_t)r->rdx, (uint32_t)r->r10, 0);
}

int64_t sys_creat(struct abi_frame *r)
{
    return do_open(AT_FDCWD, r->rdi, O_CREAT | O_WRONLY | O_TRUNC,
                   (uint32_t)r->rsi, 0);
}

static int resolve_flags(uint64_t resolve, uint32_t *lookup)
{
    static const struct {
        uint64_t resolve;
        uint32_t lookup;
    } map[] = {
        {RESOLVE_NO_XDEV, LOOKUP_NO_XDEV},
        {RESOLVE_NO_MAGICLINKS, LOOKUP_NO_MAGIC},
        {RESOLVE_NO_SYMLINKS, LOOKUP_NO_SYMLINKS},
        {RESOLVE_BENEATH, LOOKUP_BENEATH},
        {RESOLVE_IN_ROOT, LOOKUP_IN_ROOT},
    };

    *lookup = 0;
    for (size_t i = 0; i < ARRAY_LEN(map); i++)
        if (resolve & map[i].resolve) {
            *lookup |= map[i].lookup;
            resolve &= ~map[i].resolve;
        }
    if (resolve & ~(uint64_t)RESOLVE_CACHED)
        return -EINVAL;
    return 0;
}

int64_t sys_openat2(struct abi_frame *r)
{
    struct open_how how;
    uint32_t lookup;
    int err;

    if (r->r10 < sizeof(how))
        return -EINVAL;
    if (r->r10 > sizeof(how))
        return -E2BIG;
    err = copy_in(&how, r->rdx);
    if (!err)
        err = resolve_flags(how.resolve, &lookup);
    if (err)
        return err;
    if ((how.flags & ~(uint64_t)OPEN_FLAGS) || (how.mode & ~UINT64_C(07777)))
        return -EINVAL;
    if (how.mode && !(how.flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))))
        return -EINVAL;
    return do_open((int)r->rdi, r->rsi, (uint32_t)how.flags, (uint32_t)how.mode,
                   lookup);
}

static void notify_close(struct file *f)
{
    if (notify_hook && f->dentry)
        notify_dentry(f->dentry, (f->flags & O_ACCMODE) == O_RDONLY
                                     ? NOTIFY_CLOSE_NOWRITE
                                     : NOTIFY_CLOSE_WRITE);
}

int64_t sys_close(struct abi_frame *r)
{
    struct file *f = fd_file((int)r->rdi);

    if (f && f->refs == 1)
        notify_close(f);
    return fd_close((int)r->rdi);
}

int64_t sys_close_range(struct abi_frame *r)
{
    uint32_t first = (uint32_t)r->rdi, last = (uint32_t)r->rsi;
    uint32_t flags = (uint32_t)r->rdx;

    if (first > last ||
        (flags & ~(CLOSE_RANGE_CLOEXEC_ | CLOSE_RANGE_UNSHARE_)))
        return -EINVAL;
    if (first > INT32_MAX)
        return 0;
    for (int fd = fd_next((int)first); fd >= 0 && (uint32_t)fd <= last;
         fd = fd_next(fd + 1)) {
        if (flags & CLOSE_RANGE_CLOEXEC_)
            fd_set_cloexec(fd, true);
        else
            fd_close(fd);
    }
    return 0;
}

int64_t sys_dup(struct abi_frame *r)
{
    struct file *f = fd_file_get((int)r->rdi);

    return f ? fd_install(f, 0, false) : -EBADF;
}

int64_t sys_dup2(struct abi_frame *r)
{
    int old_fd = (int)r->rdi, new_fd = (int)r->rsi;

    if (old_fd == new_fd)
        return fd_file(old_fd) ? new_fd : -EBADF;
    return fd_dup(old_fd, new_fd, false);
}

int64_t sys_dup3(struct abi_frame *r)
{
    if (r->rdi == r->rsi || (r->rdx & ~(uint64_t)O_CLOEXEC))
        return -EINVAL;
    return fd_dup((int)r->rdi, (int)r->rsi, r->rdx & O_CLOEXEC);
}
