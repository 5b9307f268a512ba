/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_NETLINK, family NETLINK_ROUTE, as far as programs read with it
 * (rtnetlink(7)): links, addresses and routes. Nothing can be changed, and
 * nothing changes by itself, so groups may be joined but stay silent.
 */
#include "kernel/fs/sock/netlink.h"

#include <asm/ioctls.h>
#include <asm/socket.h>
#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "kernel/core/alloc.h"
#include "kernel/core/uaccess.h"
#include "lib/string.h"

enum { REQUEST_MAX = 4096, PORT_FIRST = 1 };

struct netlink_sock {
    struct sock sock;
    uint32_t port, groups;
    struct list rx; /* struct nl_reply */
};

static struct netlink_sock *nl_of(struct sock *s)
{
    return (struct netlink_sock *)s;
}

static void bind_port(struct netlink_sock *n, uint32_t port)
{
    static uint32_t next = PORT_FIRST;

    if (!n->port)
        n->port = port ? port : next++;
}

static int bind_op(struct sock *s, const struct sock_name *name)
{
    struct sockaddr_nl nl;

    if (name->len_bytes < sizeof(nl))
        return -EINVAL;
    memcpy(&nl, name->data, sizeof(nl));
    if (nl.nl_family != AF_NETLINK)
        return -EINVAL;
    bind_port(nl_of(s), nl.nl_pid);
    nl_of(s)->groups = nl.nl_groups;
    return 0;
}

static void show(uint32_t port, uint32_t groups, struct sock_name *out)
{
    struct sockaddr_nl nl = {
        .nl_family = AF_NETLINK, .nl_pid = port, .nl_groups = groups};

    memcpy(out->data, &nl, sizeof(nl));
    out->len_bytes = sizeof(nl);
}

static int getname_op(struct sock *s, struct sock_name *out, bool peer)
{
    show(peer ? 0 : nl_of(s)->port, peer ? 0 : nl_of(s)->groups, out);
    return 0;
}

static int connect_op(struct sock *s, const struct sock_name *name,
                      bool nonblock)
{
    (void)name;
    (void)nonblock;
    bind_port(nl_of(s), 0);
    return 0;
}

static void queue(struct netlink_sock *n, struct nl_reply *r)
{
    list_push_back(&n->rx, &r->node);
    waitq_wake(&n->sock.waitq, EPOLLIN | EPOLLRDNORM);
}

static int handle(struct netlink_sock *n, const struct nlmsghdr *h)
{
    struct nl_reply *r;
    int err;

    if (!(h->nlmsg_flags & NLM_F_REQUEST) || h->nlmsg_type < NLMSG_MIN_TYPE)
        return 0;
    r = kzalloc(sizeof(*r));
    if (!r)
        return -ENOBUFS;
    list_init(&r->node);
    r->seq = h->nlmsg_seq;
    r->port = n->port;
    err = n->sock.protocol == NETLINK_ROUTE ? rtnl_answer(r, h) : -EOPNOTSUPP;
    /* The end of a list is acknowledgement enough. */
    if (err || (h->nlmsg_flags & (NLM_F_ACK | NLM_F_DUMP)) == NLM_F_ACK)
        nl_error(r, h, err);
    queue(n, r);
    return 0;
}

static int64_t send_op(struct sock *s, struct sock_msg *msg)
{
    struct netlink_sock *n = nl_of(s);
    uint8_t buf[REQUEST_MAX] __attribute__((aligned(8)));
    size_t len = msg->uio->resid_bytes;
    int64_t got;

    if (len > sizeof(buf))
        return -EMSGSIZE;
    got = uio_get(msg->uio, buf, len);
    if (got < 0)
        return got;
    bind_port(n, 0);
    for (size_t off = 0; len - off >= sizeof(struct nlmsghdr);) {
        const struct nlmsghdr *h = (const struct nlmsghdr *)(buf + off);
        int err;

        if (h->nlmsg_len < sizeof(*h) || h->nlmsg_len > len - off)
            break;
        err = handle(n, h);
        if (err)
            return err;
        if (NLMSG_ALIGN(h->nlmsg_len) > len - off)
            break;
        off += NLMSG_ALIGN(h->nlmsg_len);
    }
    return (int64_t)len;
}

static int64_t recv_op(struct sock *s, struct sock_msg *msg)
{
    struct netlink_sock *n = nl_of(s);
    uint64_t limit = s->rcv_timeout_ns;
    struct nl_reply *r;
    size_t len;
    int64_t put = 0;
    int err;

    if (list_empty(&n->rx) && (msg->flags & MSG_DONTWAIT))
        return -EAGAIN;
    WAIT(&s->waitq, sock_deadline(limit), err, !list_empty(&n->rx));
    if (err)
        return sock_wait_error(err, limit);
    r = list_first(&n->rx, struct nl_reply, node);
    len = r->len_bytes;
    if (len > msg->uio->resid_bytes) {
        len = msg->uio->resid_bytes;
        msg->out_flags |= MSG_TRUNC;
    }
    if (len)
        put = uio_put(msg->uio, r->data, len);
    if (put < 0)
        return put;
    if (msg->name)
        show(0, 0, msg->name);
    len = r->len_bytes;
    if (!(msg->flags & MSG_PEEK)) {
        list_remove(&r->node);
        kfree(r->data);
        kfree(r);
    }
    return msg->flags & MSG_TRUNC ? (int64_t)len : put;
}

static int setsockopt_op(struct sock *s, int level, int opt, const void *val,
                         size_t len)
{
    (void)s;
    (void)val;
    (void)len;
    if (level == SOL_SOCKET)
        return opt == SO_RCVBUF || opt == SO_SNDBUF ? 0 : -ENOPROTOOPT;
    return 0; /* groups that stay silent, strictness */
}

static int64_t ioctl_op(struct sock *s, uint32_t cmd, uint64_t arg)
{
    struct nl_reply *r = list_first(&nl_of(s)->rx, struct nl_reply, node);
    int value = r ? (int)r->len_bytes : 0;

    return cmd == FIONREAD ? copy_out(arg, &value) : -ENOTTY;
}

static uint32_t poll_op(struct sock *s)
{
    return EPOLLOUT | EPOLLWRNORM |
           (list_empty(&nl_of(s)->rx) ? 0 : EPOLLIN | EPOLLRDNORM);
}

static void release_op(struct sock *s)
{
    struct list *node;

    while ((node = list_pop_front(&nl_of(s)->rx))) {
        struct nl_reply *r = container_of(node, struct nl_reply, node);

        kfree(r->data);
        kfree(r);
    }
    kfree(s);
}

static const struct sock_ops netlink_ops = {
    .name = "netlink",
    .bind = bind_op,
    .connect = connect_op,
    .send = send_op,
    .recv = recv_op,
    .getname = getname_op,
    .setsockopt = setsockopt_op,
    .ioctl = ioctl_op,
    .poll = poll_op,
    .release = release_op,
};

int netlink_create(int type, int protocol, struct sock **out)
{
    struct netlink_sock *n;

    if (type != SOCK_RAW && type != SOCK_DGRAM)
        return -ESOCKTNOSUPPORT;
    if (protocol != NETLINK_ROUTE)
        return -EPROTONOSUPPORT;
    n = kzalloc(sizeof(*n));
    if (!n)
        return -ENOMEM;
    sock_init(&n->sock, &netlink_ops, AF_NETLINK, type, protocol);
    list_init(&n->rx);
    *out = &n->sock;
    return 0;
}
