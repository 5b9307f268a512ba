/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptors that stand for events: epoll, eventfd, pipes.
 */
#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>

#include "kernel/core/clock.h"
#include "kernel/core/uaccess.h"
#include "kernel/fs/epoll/epoll.h"
#include "kernel/fs/eventfd/eventfd.h"
#include "kernel/fs/pipe/pipe.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/timespec.h"
#include "kernel/linux/usigset.h"
#include "kernel/sched/signal.h"
#include "kernel/vfs/file.h"

static int64_t install(struct file *f, uint32_t flags)
{
    return f ? fd_install(f, 0, flags & O_CLOEXEC) : -ENOMEM;
}

int64_t sys_epoll_create(struct abi_frame *r)
{
    return (int32_t)r->rdi <= 0 ? -EINVAL : install(epoll_new(), 0);
}

int64_t sys_epoll_create1(struct abi_frame *r)
{
    uint32_t flags = (uint32_t)r->rdi;

    return flags & ~EPOLL_CLOEXEC ? -EINVAL : install(epoll_new(), flags);
}

int64_t sys_epoll_ctl(struct abi_frame *r)
{
    struct file *ep = fd_file((int)r->rdi), *f = fd_file((int)r->rdx);
    struct epoll_event ev = {0};

    if (!ep || !f)
        return -EBADF;
    if ((int)r->rsi != EPOLL_CTL_DEL && copy_in(&ev, r->r10) < 0)
        return -EFAULT;
    return epoll_control(ep, (int)r->rsi, (int)r->rdx, f, ev.events, ev.data);
}

static int64_t wait(int fd, uptr_t events, int max, uint64_t deadline_ns)
{
    struct file *ep = fd_file_get(fd);
    int64_t nr;

    if (!ep)
        return -EBADF;
    nr = epoll_wait(ep, events, max, deadline_ns);
    file_put(ep);
    return nr == -ERESTARTSYS ? -EINTR : nr;
}

int64_t sys_epoll_wait(struct abi_frame *r)
{
    return wait((int)r->rdi, r->rsi, (int)r->rdx, timeout_ms((int32_t)r->r10));
}

int64_t sys_epoll_pwait(struct abi_frame *r)
{
    int err = sigset_wait_mask(r->r8, r->r9);

    return err ? err : sys_epoll_wait(r);
}

int64_t sys_epoll_pwait2(struct abi_frame *r)
{
    uint64_t deadline;
    int err = timeout_from_user(r->r10, &deadline);

    if (!err)
        err = sigset_wait_mask(r->r8, r->r9);
    return err ? err : wait((int)r->rdi, r->rsi, (int)r->rdx, deadline);
}

int64_t sys_eventfd2(struct abi_frame *r)
{
    uint32_t flags = (uint32_t)r->rsi;

    if (flags & ~(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    return install(eventfd_new((uint32_t)r->rdi, flags), flags);
}

int64_t sys_eventfd(struct abi_frame *r)
{
    return install(eventfd_new((uint32_t)r->rdi, 0), 0);
}

static int64_t make_pipe(uptr_t fds_uptr, uint32_t flags)
{
    struct file *reader, *writer;
    int32_t fds[2];
    int err;

    if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
        return -EINVAL;
    err = pipe_new(&reader, &writer, flags & ~O_CLOEXEC);
    if (err)
        return err;
    fds[0] = fd_install(reader, 0, flags & O_CLOEXEC);
    if (fds[0] < 0) {
        file_put(writer);
        return fds[0];
    }
    fds[1] = fd_install(writer, 0, flags & O_CLOEXEC);
    err = fds[1] < 0 ? fds[1] : copy_out(fds_uptr, &fds);
    if (!err)
        return 0;
    fd_close(fds[0]);
    if (fds[1] >= 0)
        fd_close(fds[1]);
    return err;
}

int64_t sys_pipe2(struct abi_frame *r)
{
    return make_pipe(r->rdi, (uint32_t)r->rsi);
}

int64_t sys_pipe(struct abi_frame *r)
{
    return make_pipe(r->rdi, 0);
}
