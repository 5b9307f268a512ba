/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls that send and receive: sendto(2), sendmsg(2), sendmmsg(2),
 * recvfrom(2), recvmsg(2), recvmmsg(2).
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/time_types.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/sys_net.h"
#include "kernel/sched/signal.h"

enum {
    STACK_SEGS = 8,
    STACK_CONTROL = 256,
    CONTROL_MAX = 65536,
    MMSG_MAX = 1024,
    IO_MAX = 0x7ffff000, /* Linux's MAX_RW_COUNT */
};

/* Socket of one call, with its descriptor's mode in the flags. */
struct call {
    struct file *file;
    struct sock *sock;
    int flags;
};

static int begin(struct call *c, int fd, int flags)
{
    int err = net_sock_get(fd, &c->file, &c->sock);

    if (err)
        return err;
    c->flags = flags;
    if (c->file->flags & O_NONBLOCK)
        c->flags |= MSG_DONTWAIT;
    return 0;
}

static int buffer(struct uio *u, struct uio_seg *seg, uint64_t addr, size_t len)
{
    if (len > IO_MAX)
        len = IO_MAX;
    if (!user_range_ok(addr, len))
        return -EFAULT;
    uio_init(u, seg, addr, len, false);
    return 0;
}

int64_t sys_sendto(struct abi_frame *r)
{
    struct sock_name name;
    struct sock_msg msg = {0};
    struct uio_seg seg;
    struct uio uio;
    struct call c;
    int64_t n = begin(&c, (int)r->rdi, (int)r->r10);

    if (n)
        return n;
    n = buffer(&uio, &seg, r->rsi, r->rdx);
    if (!n && r->r8) {
        n = net_name_in(&name, r->r8, (int32_t)r->r9);
        msg.name = &name;
    }
    msg.uio = &uio;
    msg.flags = c.flags;
    if (!n)
        n = sock_send(c.sock, &msg);
    file_put(c.file);
    return n;
}

int64_t sys_recvfrom(struct abi_frame *r)
{
    struct sock_name name = {.len_bytes = 0};
    struct sock_msg msg = {0};
    struct uio_seg seg;
    struct uio uio;
    struct call c;
    int64_t n = begin(&c, (int)r->rdi, (int)r->r10);

    if (n)
        return n;
    n = buffer(&uio, &seg, r->rsi, r->rdx);
    msg.uio = &uio;
    msg.flags = c.flags;
    msg.name = r->r8 ? &name : NULL;
    if (!n)
        n = sock_recv(c.sock, &msg);
    file_put(c.file);
    if (n >= 0 && r->r8) {
        int err = net_name_out(&name, r->r8, r->r9);

        return err ? err : n;
    }
    return n;
}

/* ---- messages ---------------------------------------------------------- */

/* A program's msghdr, copied in. */
struct message {
    struct user_msghdr hdr;
    struct sock_name name;
    struct sock_control control;
    struct uio uio;
    struct uio_seg stack[STACK_SEGS], *segs;
    uint64_t stack_control[STACK_CONTROL / 8];
    struct sock_msg msg;
};

static void message_free(struct message *m)
{
    if (m->segs != m->stack)
        kfree(m->segs);
    if (m->control.data != (uint8_t *)m->stack_control)
        kfree(m->control.data);
}

static int control_room(struct message *m)
{
    size_t len = m->hdr.controllen;

    if (len > CONTROL_MAX)
        return -ENOBUFS;
    m->control.data = (uint8_t *)m->stack_control;
    if (len > sizeof(m->stack_control))
        m->control.data = kmalloc(len);
    m->control.room_bytes = len;
    m->control.len_bytes = 0;
    return m->control.data ? 0 : -ENOBUFS;
}

static int message_in(struct message *m, uint64_t addr)
{
    int err;

    m->segs = m->stack;
    m->control.data = (uint8_t *)m->stack_control;
    if (copy_in(&m->hdr, addr))
        return -EFAULT;
    if (m->hdr.iovlen > 1024)
        return -EMSGSIZE;
    err = uio_import(&m->uio, m->hdr.iov, m->hdr.iovlen, m->stack, STACK_SEGS,
                     &m->segs);
    if (err)
        return err; /* segs may be on the heap all the same */
    m->msg = (struct sock_msg){.uio = &m->uio};
    if (m->hdr.control && m->hdr.controllen) {
        err = control_room(m);
        m->msg.control = &m->control;
    }
    return err;
}

static int64_t send_one(struct call *c, uint64_t addr)
{
    struct message m;
    int64_t n = message_in(&m, addr);

    if (!n && m.hdr.name && m.hdr.namelen) {
        n = net_name_in(&m.name, m.hdr.name, m.hdr.namelen);
        m.msg.name = &m.name;
    }
    if (!n && m.msg.control) {
        m.control.len_bytes = m.hdr.controllen;
        n = copy_from_user(m.control.data, m.hdr.control, m.hdr.controllen);
    }
    m.msg.flags = c->flags;
    if (!n)
        n = sock_send(c->sock, &m.msg);
    message_free(&m);
    return n;
}

/* Name, control and flags back to the program. */
static int message_out(struct message *m, uint64_t addr)
{
    struct user_msghdr *h = &m->hdr;
    uint32_t n = m->name.len_bytes;

    if (h->name) {
        if (h->namelen < 0)
            return -EINVAL;
        if (n > (uint32_t)h->namelen)
            n = (uint32_t)h->namelen;
        if (copy_to_user(h->name, m->name.data, n))
            return -EFAULT;
        h->namelen = (int32_t)m->name.len_bytes;
    }
    h->controllen = 0;
    if (m->msg.control) {
        h->controllen = m->control.len_bytes;
        if (copy_to_user(h->control, m->control.data, h->controllen))
            return -EFAULT;
    }
    h->flags = (uint32_t)m->msg.out_flags;
    return copy_out(addr, h);
}

static int64_t recv_one(struct call *c, uint64_t addr)
{
    struct message m;
    int64_t n = message_in(&m, addr);
    int err;

    m.name.len_bytes = 0;
    m.msg.flags = c->flags;
    m.msg.out_flags = c->flags & MSG_CMSG_CLOEXEC;
    m.msg.name = !n && m.hdr.name ? &m.name : NULL;
    if (!n)
        n = sock_recv(c->sock, &m.msg);
    if (n >= 0) {
        err = message_out(&m, addr);
        n = err ? err : n;
    }
    message_free(&m);
    return n;
}

int64_t sys_sendmsg(struct abi_frame *r)
{
    struct call c;
    int64_t n = begin(&c, (int)r->rdi, (int)r->rdx);

    if (n)
        return n;
    n = send_one(&c, r->rsi);
    file_put(c.file);
    return n;
}

int64_t sys_recvmsg(struct abi_frame *r)
{
    struct call c;
    int64_t n = begin(&c, (int)r->rdi, (int)r->rdx);

    if (n)
        return n;
    n = recv_one(&c, r->rsi);
    file_put(c.file);
    return n;
}

/* What one message of several came to: a count is stored beside it. */
static int64_t store_len(uint64_t addr, int64_t n)
{
    uint32_t len = (uint32_t)n;

    if (n < 0)
        return n;
    return copy_out(addr + offsetof(struct user_mmsghdr, len), &len);
}

int64_t sys_sendmmsg(struct abi_frame *r)
{
    unsigned nr = (unsigned)r->rdx < MMSG_MAX ? (unsigned)r->rdx : MMSG_MAX;
    struct call c;
    int64_t n = begin(&c, (int)r->rdi, (int)r->r10);
    unsigned i;

    if (n)
        return n;
    for (i = 0; i < nr; i++) {
        uint64_t addr = r->rsi + i * sizeof(struct user_mmsghdr);

        n = store_len(addr, send_one(&c, addr));
        if (n < 0)
            break;
    }
    file_put(c.file);
    return i ? (int64_t)i : n;
}

static int deadline_in(uint64_t addr, uint64_t *end)
{
    struct __kernel_timespec ts;

    *end = NO_DEADLINE;
    if (!addr)
        return 0;
    if (copy_in(&ts, addr))
        return -EFAULT;
    if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= (int64_t)NSEC_PER_SEC)
        return -EINVAL;
    if (ts.tv_sec < INT64_MAX / (int64_t)NSEC_PER_SEC / 2)
        *end = clock_mono_ns() + (uint64_t)ts.tv_sec * NSEC_PER_SEC +
               (uint64_t)ts.tv_nsec;
    return 0;
}

/* The time limit is looked at after each datagram only: recvmmsg(2), BUGS. */
int64_t sys_recvmmsg(struct abi_frame *r)
{
    unsigned nr = (unsigned)r->rdx < MMSG_MAX ? (unsigned)r->rdx : MMSG_MAX;
    int flags = (int)r->r10;
    uint64_t end;
    struct call c;
    int64_t n = begin(&c, (int)r->rdi, flags & ~MSG_WAITFORONE);
    unsigned i;

    if (n)
        return n;
    n = deadline_in(r->r8, &end);
    for (i = 0; !n && i < nr; i++) {
        uint64_t addr = r->rsi + i * sizeof(struct user_mmsghdr);

        n = store_len(addr, recv_one(&c, addr));
        if (n < 0)
            break;
        if (flags & MSG_WAITFORONE)
            c.flags |= MSG_DONTWAIT;
        if (end != NO_DEADLINE && clock_mono_ns() >= end) {
            i++;
            break;
        }
    }
    file_put(c.file);
    return i ? (int64_t)i : n;
}
