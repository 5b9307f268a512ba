/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets as open files, and helpers for their families.
 */
#include "kernel/fs/sock/sock.h"

#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/signal.h>
#include <linux/sockios.h>

#include "kernel/core/clock.h"
#include "kernel/core/uaccess.h"
#include "kernel/sched/signal.h"
#include "kernel/vfs/inode.h"
#include "kernel/vfs/poll.h"
#include "lib/string.h"

enum { MODE_SOCKET = 0140777, BLKSIZE = 4096 };

void sock_init(struct sock *s, const struct sock_ops *ops, int domain, int type,
               int protocol)
{
    static uint64_t next_ino = 10000;

    s->ops = ops;
    s->domain = domain;
    s->type = type;
    s->protocol = protocol;
    s->rcvlowat = 1;
    s->ino = next_ino++;
    waitq_init(&s->waitq);
}

int sock_create(int domain, int type, int protocol, struct sock **out)
{
    if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_RAW &&
        type != SOCK_SEQPACKET)
        return type > 0 && type <= 10 ? -ESOCKTNOSUPPORT : -EINVAL;
    switch (domain) {
    case AF_INET:
    case AF_INET6:
        return inet_create(domain, type, protocol, out);
    case AF_UNIX:
        return unix_create(type, protocol, out);
    case AF_NETLINK:
        return netlink_create(type, protocol, out);
    default:
        return -EAFNOSUPPORT;
    }
}

uint64_t sock_deadline(uint64_t timeout_ns)
{
    return timeout_ns ? clock_mono_ns() + timeout_ns : NO_DEADLINE;
}

int sock_wait_error(int err, uint64_t timeout_ns)
{
    if (err == -ETIMEDOUT)
        return -EAGAIN;
    return err == -ERESTARTSYS && timeout_ns ? -EINTR : err;
}

int64_t sock_epipe(int flags)
{
    struct siginfo_k info = {.signo = SIGPIPE, .pid = 1};

    if (!(flags & MSG_NOSIGNAL))
        signal_send_thread(current_thread(), &info);
    return -EPIPE;
}

int64_t sock_send(struct sock *s, struct sock_msg *msg)
{
    if (msg->flags & MSG_OOB)
        return -EOPNOTSUPP;
    return s->ops->send ? s->ops->send(s, msg) : -EOPNOTSUPP;
}

int64_t sock_recv(struct sock *s, struct sock_msg *msg)
{
    if (msg->flags & MSG_OOB)
        return -EINVAL; /* there is none: recv(2) */
    if (msg->flags & MSG_ERRQUEUE)
        return s->ops->recv_error ? s->ops->recv_error(s, msg) : -EAGAIN;
    return s->ops->recv ? s->ops->recv(s, msg) : -EOPNOTSUPP;
}

/* ---- as a file --------------------------------------------------------- */

static int msg_flags(const struct file *f, const struct uio *u)
{
    return file_io_flags(f, u) & O_NONBLOCK ? MSG_DONTWAIT : 0;
}

static int64_t sock_read(struct file *f, struct uio *to, uint64_t *off)
{
    struct sock_msg msg = {.uio = to, .flags = msg_flags(f, to)};

    (void)off;
    if (to->resid_bytes == 0)
        return 0;
    return sock_recv(f->data, &msg);
}

static int64_t sock_write(struct file *f, struct uio *from, uint64_t *off)
{
    struct sock_msg msg = {.uio = from, .flags = msg_flags(f, from)};

    (void)off;
    return sock_send(f->data, &msg);
}

static uint32_t sock_poll(struct file *f, struct poll_table *pt)
{
    struct sock *s = f->data;

    poll_add(pt, &s->waitq);
    return s->ops->poll(s);
}

static int64_t sock_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
    struct sock *s = f->data;
    int64_t result = s->ops->ioctl ? s->ops->ioctl(s, cmd, arg) : -ENOTTY;

    return result == -ENOTTY ? sock_iface_ioctl(s->domain, cmd, arg) : result;
}

static int sock_stat(struct file *f, struct kstat *st)
{
    const struct sock *s = f->data;

    memset(st, 0, sizeof(*st));
    st->dev = 8;
    st->ino = s->ino;
    st->mode = MODE_SOCKET;
    st->nlink = 1;
    st->uid = process.euid;
    st->gid = process.egid;
    st->blksize = BLKSIZE;
    return 0;
}

static unsigned nr_socks; /* that have a file */

static void sock_release(struct file *f)
{
    struct sock *s = f->data;

    nr_socks--;
    s->ops->release(s);
}

static const struct file_ops sock_file_ops = {
    .name = "socket",
    .sends_sigio = true,
    .read = sock_read,
    .write = sock_write,
    .poll = sock_poll,
    .ioctl = sock_ioctl,
    .stat = sock_stat,
    .release = sock_release,
};

struct file *sock_file(struct sock *s, uint32_t flags)
{
    struct file *f = file_new(&sock_file_ops, s, flags | O_RDWR);

    if (!f)
        s->ops->release(s);
    else
        nr_socks++;
    return f;
}

unsigned sock_count(void)
{
    return nr_socks;
}

struct sock *sock_of(struct file *f)
{
    return f->ops == &sock_file_ops ? f->data : NULL;
}

/* ---- control messages -------------------------------------------------- */

static size_t aligned(size_t len)
{
    return (len + 7) & ~(size_t)7;
}

bool control_put(struct sock_msg *msg, int level, int type, const void *data,
                 size_t len_bytes)
{
    struct sock_control *c = msg->control;
    struct cmsghdr hdr = {sizeof(hdr) + len_bytes, level, type};
    size_t room = c ? c->room_bytes - c->len_bytes : 0, end;
    bool all = hdr.len <= room;

    if (!all)
        msg->out_flags |= MSG_CTRUNC;
    if (room < sizeof(hdr))
        return false;
    if (!all)
        hdr.len = room;
    memcpy(c->data + c->len_bytes, &hdr, sizeof(hdr));
    memcpy(c->data + c->len_bytes + sizeof(hdr), data, hdr.len - sizeof(hdr));
    end = c->len_bytes + aligned(hdr.len);
    c->len_bytes = end < c->room_bytes ? end : c->room_bytes;
    return all;
}

const struct cmsghdr *control_next(const struct sock_control *c, size_t *off,
                                   int *err)
{
    const struct cmsghdr *hdr;
    size_t left = c->len_bytes - *off;

    *err = 0;
    if (left < sizeof(*hdr))
        return NULL;
    hdr = (const struct cmsghdr *)(c->data + *off);
    if (hdr->len < sizeof(*hdr) || hdr->len > left) {
        *err = -EINVAL;
        return NULL;
    }
    *off += aligned(hdr->len) < left ? aligned(hdr->len) : left;
    return hdr;
}
