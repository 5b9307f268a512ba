/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timerfd_create(2), signalfd(2), inotify(7).
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/signal.h>
#include <linux/timerfd.h>

#include "kernel/core/uaccess.h"
#include "kernel/fs/inotify/inotify.h"
#include "kernel/fs/signalfd/signalfd.h"
#include "kernel/fs/timerfd/timerfd.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/timespec.h"
#include "kernel/linux/upath.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/namei.h"

enum { SPEC_BYTES = 16 }; /* struct timespec; interval first, then value */

static int64_t install(struct file *f, uint32_t flags)
{
    return f ? fd_install(f, 0, flags & O_CLOEXEC) : -ENOMEM;
}

int64_t sys_timerfd_create(struct abi_frame *r)
{
    uint32_t flags = (uint32_t)r->rsi;

    if (flags & ~(TFD_CLOEXEC | TFD_NONBLOCK))
        return -EINVAL;
    switch ((int32_t)r->rdi) {
    case CLOCK_ID_REALTIME:
    case CLOCK_ID_REALTIME_ALARM:
        return install(timerfd_new(true, flags), flags);
    case CLOCK_ID_MONOTONIC:
    case CLOCK_ID_BOOTTIME:
    case CLOCK_ID_BOOTTIME_ALARM:
        return install(timerfd_new(false, flags), flags);
    default:
        return -EINVAL;
    }
}

static int64_t put_spec(uptr_t uptr, uint64_t value, uint64_t interval)
{
    int err = timespec_to_user(uptr, interval);

    return err ? err : timespec_to_user(uptr + SPEC_BYTES, value);
}

int64_t sys_timerfd_settime(struct abi_frame *r)
{
    struct file *f = fd_file((int)r->rdi);
    uint32_t flags = (uint32_t)r->rsi;
    uint64_t value, interval, old_value, old_interval;
    int64_t err;

    if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
        return -EINVAL;
    err = timespec_from_user(r->rdx, &interval);
    if (!err)
        err = timespec_from_user(r->rdx + SPEC_BYTES, &value);
    if (err)
        return err;
    if (!f)
        return -EBADF;
    err = timerfd_get(f, &old_value, &old_interval);
    if (!err)
        err = timerfd_set(f, value, interval, flags & TFD_TIMER_ABSTIME);
    if (!err && r->r10)
        err = put_spec(r->r10, old_value, old_interval);
    return err;
}

int64_t sys_timerfd_gettime(struct abi_frame *r)
{
    struct file *f = fd_file((int)r->rdi);
    uint64_t value, interval;
    int err;

    if (!f)
        return -EBADF;
    err = timerfd_get(f, &value, &interval);
    return err ? err : put_spec(r->rsi, value, interval);
}

static int64_t do_signalfd(struct abi_frame *r, uint32_t flags)
{
    struct file *f;
    sigset64_t mask;

    if (r->rdx != sizeof(mask) || (flags & ~(O_CLOEXEC | O_NONBLOCK)))
        return -EINVAL;
    if (copy_in(&mask, r->rsi) < 0)
        return -EFAULT;
    mask &= ~(UINT64_C(1) << (SIGKILL - 1) | UINT64_C(1) << (SIGSTOP - 1));
    if ((int)r->rdi == -1)
        return install(signalfd_new(mask, flags), flags);
    f = fd_file((int)r->rdi);
    if (!f)
        return -EBADF;
    return signalfd_set(f, mask) ? -EINVAL : (int)r->rdi;
}

int64_t sys_signalfd4(struct abi_frame *r)
{
    return do_signalfd(r, (uint32_t)r->r10);
}

int64_t sys_signalfd(struct abi_frame *r)
{
    return do_signalfd(r, 0);
}

int64_t sys_inotify_init1(struct abi_frame *r)
{
    uint32_t flags = (uint32_t)r->rdi;

    if (flags & ~(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    return install(inotify_new(flags), flags);
}

int64_t sys_inotify_init(struct abi_frame *r)
{
    (void)r;
    return install(inotify_new(0), 0);
}

int64_t sys_inotify_add_watch(struct abi_frame *r)
{
    uint32_t mask = (uint32_t)r->rdx;
    struct file *f = fd_file((int)r->rdi);
    struct upath path;
    struct dentry *d;
    int64_t n;

    if (!f)
        return -EBADF;
    n = upath_get(&path, r->rsi);
    if (n)
        return n;
    file_get(f);
    n = path_lookup(AT_FDCWD, path.s,
                    (mask & IN_DONT_FOLLOW_ ? 0 : LOOKUP_FOLLOW) |
                        (mask & IN_ONLYDIR_ ? LOOKUP_DIRECTORY : 0),
                    &d);
    upath_put(&path);
    if (!n) {
        n = inode_permission(d->inode, 4);
        if (!n)
            n = inotify_add(f, d->inode, mask);
        dentry_put(d);
    }
    file_put(f);
    return n;
}

int64_t sys_inotify_rm_watch(struct abi_frame *r)
{
    struct file *f = fd_file((int)r->rdi);

    return f ? inotify_remove(f, (int32_t)r->rsi) : -EBADF;
}
