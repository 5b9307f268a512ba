/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fcntl(2), flock(2), ioctl(2).
 */
#include <asm/ioctls.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/resource.h>
#include <linux/sockios.h>

#include "kernel/core/uaccess.h"
#include "kernel/fs/async/async.h"
#include "kernel/fs/pipe/pipe.h"
#include "kernel/fs/sock/sock.h"
#include "kernel/fs/tmpfs/tmpfs.h"
#include "kernel/linux/calls.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/inode.h"
#include "kernel/vfs/lock.h"

/* What F_SETFL may change. */
enum { SETTABLE = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME };

static int64_t set_flags(struct file *f, int fd, uint32_t flags)
{
    int err = async_set(f, fd, flags & FASYNC);

    if (err)
        return err;
    f->flags = (f->flags & ~SETTABLE) | (flags & SETTABLE);
    if (f->ops->flags_changed)
        f->ops->flags_changed(f);
    return 0;
}

static int64_t dup_min(int fd, uint64_t min, bool cloexec)
{
    struct file *f;

    if (min >= process.limits[RLIMIT_NOFILE].soft)
        return -EINVAL;
    f = fd_file_get(fd);
    return f ? fd_install(f, (int)min, cloexec) : -EBADF;
}

/* struct flock to an absolute, inclusive range. */
static int64_t to_range(struct file *f, const struct flock *l,
                        struct lock_range *out)
{
    int64_t base = 0, start, end;

    if (l->l_whence == SEEK_CUR)
        base = f->off;
    else if (l->l_whence == SEEK_END)
        base = f->inode->size_bytes;
    else if (l->l_whence != SEEK_SET)
        return -EINVAL;
    if (__builtin_add_overflow(base, l->l_start, &start))
        return -EOVERFLOW;
    end = INT64_MAX;
    if (l->l_len > 0 && __builtin_add_overflow(start, l->l_len - 1, &end))
        return -EOVERFLOW;
    if (l->l_len < 0) {
        end = start - 1;
        start += l->l_len;
    }
    if (start < 0)
        return -EINVAL;
    out->type = l->l_type;
    out->start = start;
    out->end = l->l_len ? (uint64_t)end : UINT64_MAX;
    return 0;
}

static int64_t get_lock(struct file *f, uptr_t arg, bool ofd)
{
    struct flock l;
    struct lock_range range;
    int64_t err = copy_in(&l, arg);

    if (err)
        return err;
    if ((l.l_type != F_RDLCK && l.l_type != F_WRLCK) || (ofd && l.l_pid))
        return -EINVAL;
    err = to_range(f, &l, &range);
    if (err)
        return err;
    err = lock_get(f, &range, ofd);
    if (err)
        return err;
    l.l_type = range.type;
    if (l.l_type != F_UNLCK) {
        l.l_whence = SEEK_SET;
        l.l_start = range.start;
        l.l_len = range.end == UINT64_MAX
                      ? 0
                      : (int64_t)(range.end - range.start + 1);
        l.l_pid = range.pid;
    }
    return copy_out(arg, &l);
}

static int64_t set_lock(struct file *f, uptr_t arg, bool ofd, bool wait)
{
    struct flock l;
    struct lock_range range;
    uint32_t acc = f->flags & O_ACCMODE;
    int64_t err = copy_in(&l, arg);

    if (err)
        return err;
    if (ofd && l.l_pid)
        return -EINVAL;
    err = to_range(f, &l, &range);
    if (err)
        return err;
    if ((l.l_type == F_RDLCK && acc == O_WRONLY) ||
        (l.l_type == F_WRLCK && acc == O_RDONLY))
        return -EBADF;
    if (l.l_type != F_RDLCK && l.l_type != F_WRLCK && l.l_type != F_UNLCK)
        return -EINVAL;
    return lock_set(f, &range, ofd, wait);
}

static int64_t locks(struct file *f, uint32_t cmd, uptr_t arg)
{
    if (!f->inode)
        return -EBADF;
    switch (cmd) {
    case F_GETLK:
        return get_lock(f, arg, false);
    case F_SETLK:
    case F_SETLKW:
        return set_lock(f, arg, false, cmd == F_SETLKW);
    case F_OFD_GETLK:
        return get_lock(f, arg, true);
    default:
        return set_lock(f, arg, true, cmd == F_OFD_SETLKW);
    }
}

/* Of groups there is the own one; a negative number names it in F_SETOWN. */
static int64_t set_owner(struct file *f, int32_t type, int32_t id)
{
    if (type == F_OWNER_PID && id < 0) {
        type = F_OWNER_PGRP;
        id = -id;
    }
    if (type != F_OWNER_TID && type != F_OWNER_PID && type != F_OWNER_PGRP)
        return -EINVAL;
    if (id && (type == F_OWNER_TID ? !thread_find(id) : id != 1))
        return -ESRCH;
    f->owner_type = (uint8_t)type;
    f->owner = type == F_OWNER_PGRP ? -id : id;
    return 0;
}

static int64_t owner_ex(struct file *f, uint32_t cmd, uptr_t arg)
{
    struct {
        int32_t type, pid;
    } ex = {f->owner_type, f->owner < 0 ? -f->owner : f->owner};

    if (cmd == F_GETOWN_EX) {
        if (!f->owner)
            ex.type = F_OWNER_PID;
        return copy_out(arg, &ex);
    }
    if (copy_in(&ex, arg) < 0)
        return -EFAULT;
    return ex.pid < 0 ? -EINVAL : set_owner(f, ex.type, ex.pid);
}

static bool allowed_on_path(uint32_t cmd)
{
    return cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC || cmd == F_GETFD ||
           cmd == F_SETFD || cmd == F_GETFL;
}

int64_t sys_fcntl(struct abi_frame *r)
{
    int fd = (int)r->rdi;
    uint32_t cmd = (uint32_t)r->rsi;
    struct file *f = fd_file(fd);

    if (!f || ((f->flags & O_PATH) && !allowed_on_path(cmd)))
        return -EBADF;
    switch (cmd) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return dup_min(fd, r->rdx, cmd == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return fd_cloexec(fd) ? FD_CLOEXEC : 0;
    case F_SETFD:
        fd_set_cloexec(fd, r->rdx & FD_CLOEXEC);
        return 0;
    case F_GETFL:
        return f->flags;
    case F_SETFL:
        return set_flags(f, fd, (uint32_t)r->rdx);
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return locks(f, cmd, r->rdx);
    case F_SETOWN:
        return set_owner(f, F_OWNER_PID, (int32_t)r->rdx);
    case F_GETOWN:
        return f->owner;
    case F_SETOWN_EX:
    case F_GETOWN_EX:
        return owner_ex(f, cmd, r->rdx);
    case F_SETSIG:
        if (r->rdx > SIGNAL_MAX)
            return -EINVAL;
        f->owner_signal = (uint8_t)r->rdx;
        return 0;
    case F_GETSIG:
        return f->owner_signal;
    case F_GETLEASE:
        return F_UNLCK;
    case F_SETPIPE_SZ:
        return pipe_set_size(f, (uint32_t)r->rdx);
    case F_GETPIPE_SZ:
        return pipe_get_size(f);
    case F_ADD_SEALS:
        return tmpfs_add_seals(f, (uint32_t)r->rdx);
    case F_GET_SEALS:
        return tmpfs_get_seals(f);
    default:
        return -EINVAL;
    }
}

int64_t sys_flock(struct abi_frame *r)
{
    struct file *f = fd_file((int)r->rdi);

    if (!f || (f->flags & O_PATH))
        return -EBADF;
    return lock_flock(f, (int)r->rsi);
}

/* FIONBIO and FIOASYNC: one flag by itself. */
static int64_t set_flag(struct file *f, int fd, uint32_t flag, uptr_t arg)
{
    int32_t on;
    int err = copy_in(&on, arg);

    if (err)
        return err;
    if (flag == FASYNC && !f->ops->sends_sigio)
        return on ? -ENOTTY : 0;
    return set_flags(f, fd, on ? f->flags | flag : f->flags & ~flag);
}

/* SIOCSPGRP and its relatives: F_SETOWN and F_GETOWN of old. */
static int64_t owner_ioctl(struct file *f, uint32_t cmd, uptr_t arg)
{
    int32_t id = f->owner;

    if (cmd == FIOGETOWN || cmd == SIOCGPGRP)
        return copy_out(arg, &id);
    if (copy_in(&id, arg) < 0)
        return -EFAULT;
    return id == INT32_MIN ? -EINVAL : set_owner(f, F_OWNER_PID, id);
}

static int64_t unread(struct file *f, uptr_t arg)
{
    struct kstat st;
    int32_t n;
    int err = inode_stat(f->inode, &st);

    if (err)
        return err;
    n = st.size_bytes > f->off ? (int32_t)(st.size_bytes - f->off) : 0;
    return copy_out(arg, &n);
}

int64_t sys_ioctl(struct abi_frame *r)
{
    int fd = (int)r->rdi;
    uint32_t cmd = (uint32_t)r->rsi;
    struct file *f = fd_file(fd);
    int64_t ret = -ENOTTY;

    if (!f || (f->flags & O_PATH))
        return -EBADF;
    switch (cmd) {
    case FIOCLEX:
    case FIONCLEX:
        fd_set_cloexec(fd, cmd == FIOCLEX);
        return 0;
    case FIONBIO:
        return set_flag(f, fd, O_NONBLOCK, r->rdx);
    case FIOASYNC:
        return set_flag(f, fd, FASYNC, r->rdx);
    case FIOSETOWN:
    case FIOGETOWN:
    case SIOCSPGRP:
    case SIOCGPGRP:
        if (!sock_of(f))
            return -ENOTTY;
        return owner_ioctl(f, cmd, r->rdx);
    default:
        break;
    }
    file_get(f);
    if (f->ops->ioctl)
        ret = f->ops->ioctl(f, cmd, r->rdx);
    else if (cmd == FIONREAD && f->inode && (f->inode->mode >> 12) == 8)
        ret = unread(f, r->rdx);
    file_put(f);
    return ret;
}
