/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls on sockets, except those that carry messages (sys_net_msg.c):
 * socket(2), bind(2), connect(2), listen(2), accept(2), getsockname(2),
 * getsockopt(2), shutdown(2), socketpair(2).
 */
#include "kernel/linux/sys_net.h"

#include <linux/errno.h>
#include <linux/fcntl.h>

#include "kernel/core/alloc.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/calls.h"

enum { OPT_MAX = 4096 };

int net_sock_get(int fd, struct file **file, struct sock **sock)
{
    struct file *f = fd_file_get(fd);

    if (!f)
        return -EBADF;
    *sock = sock_of(f);
    if (!*sock) {
        file_put(f);
        return -ENOTSOCK;
    }
    *file = f;
    return 0;
}

int net_name_in(struct sock_name *name, uint64_t addr, int32_t len)
{
    if (len < 0 || len > SOCKADDR_MAX)
        return -EINVAL;
    name->len_bytes = (uint32_t)len;
    return copy_from_user(name->data, addr, name->len_bytes);
}

int net_name_out(const struct sock_name *name, uint64_t addr, uint64_t len_addr)
{
    int32_t room;
    uint32_t n;

    if (copy_in(&room, len_addr))
        return -EFAULT;
    if (room < 0)
        return -EINVAL;
    n = name->len_bytes < (uint32_t)room ? name->len_bytes : (uint32_t)room;
    if (copy_to_user(addr, name->data, n) ||
        copy_out(len_addr, &name->len_bytes))
        return -EFAULT;
    return 0;
}

static int install(struct sock *s, int flags)
{
    struct file *f = sock_file(s, flags & SOCK_NONBLOCK ? O_NONBLOCK : 0);

    return f ? fd_install(f, 0, flags & SOCK_CLOEXEC) : -ENFILE;
}

static int split_type(int type, int *flags)
{
    *flags = type & ~SOCK_TYPE_MASK;
    return *flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC) ? -EINVAL
                                                    : type & SOCK_TYPE_MASK;
}

int64_t sys_socket(struct abi_frame *r)
{
    int flags, type = split_type((int)r->rsi, &flags), err;
    struct sock *s;

    if (type < 0)
        return type;
    err = sock_create((int)r->rdi, type, (int)r->rdx, &s);
    return err ? err : install(s, flags);
}

int64_t sys_socketpair(struct abi_frame *r)
{
    int flags, type = split_type((int)r->rsi, &flags), err;
    struct sock *pair[2];
    int32_t fds[2];

    if (type < 0)
        return type;
    if ((int)r->rdi != AF_UNIX)
        return (int)r->rdi == AF_INET || (int)r->rdi == AF_INET6
                   ? -EOPNOTSUPP
                   : -EAFNOSUPPORT;
    err = unix_pair(type, (int)r->rdx, pair);
    if (err)
        return err;
    fds[0] = install(pair[0], flags);
    if (fds[0] < 0) {
        pair[1]->ops->release(pair[1]);
        return fds[0];
    }
    fds[1] = install(pair[1], flags);
    if (fds[1] >= 0 && !copy_out(r->r10, &fds))
        return 0;
    fd_close(fds[0]);
    if (fds[1] < 0)
        return fds[1];
    fd_close(fds[1]);
    return -EFAULT;
}

int64_t sys_bind(struct abi_frame *r)
{
    struct sock_name name;
    struct file *f;
    struct sock *s;
    int err = net_sock_get((int)r->rdi, &f, &s);

    if (err)
        return err;
    err = net_name_in(&name, r->rsi, (int32_t)r->rdx);
    if (!err)
        err = s->ops->bind ? s->ops->bind(s, &name) : -EOPNOTSUPP;
    file_put(f);
    return err;
}

int64_t sys_connect(struct abi_frame *r)
{
    struct sock_name name;
    struct file *f;
    struct sock *s;
    int err = net_sock_get((int)r->rdi, &f, &s);

    if (err)
        return err;
    err = net_name_in(&name, r->rsi, (int32_t)r->rdx);
    if (!err)
        err = s->ops->connect ? s->ops->connect(s, &name, f->flags & O_NONBLOCK)
                              : -EOPNOTSUPP;
    file_put(f);
    return err;
}

int64_t sys_listen(struct abi_frame *r)
{
    struct file *f;
    struct sock *s;
    int err = net_sock_get((int)r->rdi, &f, &s);

    if (err)
        return err;
    err = s->ops->listen ? s->ops->listen(s, (int)r->rsi) : -EOPNOTSUPP;
    file_put(f);
    return err;
}

static int accept_name(struct sock *s, uint64_t addr, uint64_t len_addr)
{
    struct sock_name name = {.len_bytes = 0};
    int err;

    if (!addr)
        return 0;
    err = s->ops->getname(s, &name, true);
    if (err == -ENOTCONN) { /* gone already: accept(2) still succeeds */
        name.len_bytes = 2;
        name.data[0] = (uint8_t)s->domain;
    }
    return net_name_out(&name, addr, len_addr);
}

static int64_t do_accept(struct abi_frame *r, int flags)
{
    struct sock *s, *child;
    struct file *f, *cf;
    int fd, err = net_sock_get((int)r->rdi, &f, &s);

    if (err)
        return err;
    if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC))
        err = -EINVAL;
    else
        err = s->ops->accept ? s->ops->accept(s, f->flags & O_NONBLOCK, &child)
                             : -EOPNOTSUPP;
    file_put(f);
    if (err)
        return err;
    cf = sock_file(child, flags & SOCK_NONBLOCK ? O_NONBLOCK : 0);
    if (!cf)
        return -ENFILE;
    err = accept_name(child, r->rsi, r->rdx);
    if (err) {
        file_put(cf);
        return err;
    }
    fd = fd_install(cf, 0, flags & SOCK_CLOEXEC);
    return fd;
}

int64_t sys_accept(struct abi_frame *r)
{
    return do_accept(r, 0);
}

int64_t sys_accept4(struct abi_frame *r)
{
    return do_accept(r, (int)r->r10);
}

static int64_t getname(struct abi_frame *r, bool peer)
{
    struct sock_name name = {.len_bytes = 0};
    struct file *f;
    struct sock *s;
    int err = net_sock_get((int)r->rdi, &f, &s);

    if (err)
        return err;
    err = s->ops->getname(s, &name, peer);
    file_put(f);
    return err ? err : net_name_out(&name, r->rsi, r->rdx);
}

int64_t sys_getsockname(struct abi_frame *r)
{
    return getname(r, false);
}

int64_t sys_getpeername(struct abi_frame *r)
{
    return getname(r, true);
}

int64_t sys_shutdown(struct abi_frame *r)
{
    int how = (int)r->rsi, err;
    struct file *f;
    struct sock *s;

    err = net_sock_get((int)r->rdi, &f, &s);
    if (err)
        return err;
    if (how < SHUT_RD || how > SHUT_RDWR)
        err = -EINVAL;
    else
        err = s->ops->shutdown ? s->ops->shutdown(s, how) : -EOPNOTSUPP;
    file_put(f);
    return err;
}

int64_t sys_setsockopt(struct abi_frame *r)
{
    int32_t len = (int32_t)r->r8;
    uint8_t val[256] __attribute__((aligned(8))) = {0};
    struct file *f;
    struct sock *s;
    int err = net_sock_get((int)r->rdi, &f, &s);

    if (err)
        return err;
    if (len < 0)
        err = -EINVAL;
    else if (copy_from_user(val, r->r10,
                            len < (int)sizeof(val) ? (size_t)len : sizeof(val)))
        err = -EFAULT;
    else
        err =
            sock_setsockopt(s, (int)r->rsi, (int)r->rdx, val,
                            len < (int)sizeof(val) ? (size_t)len : sizeof(val));
    file_put(f);
    return err;
}

int64_t sys_getsockopt(struct abi_frame *r)
{
    uint8_t val[512] __attribute__((aligned(8)));
    struct file *f;
    struct sock *s;
    size_t n;
    int32_t len;
    int err = net_sock_get((int)r->rdi, &f, &s);

    if (err)
        return err;
    if (copy_in(&len, r->r8))
        err = -EFAULT;
    else if (len < 0)
        err = -EINVAL;
    n = (size_t)len < sizeof(val) ? (size_t)len : sizeof(val);
    if (!err)
        err = sock_getsockopt(s, (int)r->rsi, (int)r->rdx, val, &n);
    file_put(f);
    len = (int32_t)n;
    if (!err && (copy_to_user(r->r10, val, n) || copy_out(r->r8, &len)))
        err = -EFAULT;
    return err;
}
