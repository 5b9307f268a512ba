/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP and raw sockets (udp(7), raw(7)).
 */
#include <asm/socket.h>
#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ipv6.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/fs/sock/inet.h"
#include "kernel/vfs/poll.h"
#include "lib/string.h"

static int bind_op(struct sock *sock, const struct sock_name *name)
{
    struct inet_sock *s = inet_of(sock);
    struct net_addr a;
    int err = inet_parse(s, name, &a);

    if (err)
        return err;
    if (a.family == NET_NONE && sock->domain == AF_INET)
        a.family = NET_V4;
    if (a.family == NET_NONE)
        return -EAFNOSUPPORT;
    if (s->bound || inet_check_family(s, &a))
        return -EINVAL;
    dgram_set(s->dgram, NET_OPT_REUSEADDR, sock->reuseaddr);
    dgram_set(s->dgram, NET_OPT_REUSEPORT, sock->reuseport);
    err = dgram_bind(s->dgram, &a);
    s->bound |= !err;
    return err;
}

static int connect_op(struct sock *sock, const struct sock_name *name,
                      bool nonblock)
{
    struct inet_sock *s = inet_of(sock);
    struct net_addr a;
    int err = inet_parse(s, name, &a);

    (void)nonblock;
    if (!err && a.family != NET_NONE)
        err = inet_check_family(s, &a);
    return err ? err : dgram_connect(s->dgram, &a);
}

/* ---- sending ----------------------------------------------------------- */

static void control_pktinfo(const struct cmsghdr *hdr, struct packet *p)
{
    const void *data = hdr + 1;
    size_t len = hdr->len - sizeof(*hdr);
    struct in_pktinfo info4;
    struct in6_pktinfo info6;

    if (hdr->level == SOL_IP && hdr->type == IP_PKTINFO &&
        len >= sizeof(info4)) {
        memcpy(&info4, data, sizeof(info4));
        p->ifindex = (uint32_t)info4.ipi_ifindex;
        if (info4.ipi_spec_dst.s_addr) {
            p->src.family = NET_V4;
            memcpy(p->src.ip, &info4.ipi_spec_dst, 4);
        }
    } else if (hdr->level == SOL_IPV6 && hdr->type == IPV6_PKTINFO &&
               len >= sizeof(info6)) {
        memcpy(&info6, data, sizeof(info6));
        p->ifindex = (uint32_t)info6.ipi6_ifindex;
        memcpy(p->src.ip, &info6.ipi6_addr, 16);
        p->src.family = NET_V6;
        if (net_addr_is_any(&p->src))
            p->src.family = NET_NONE;
    }
}

/* An int from min to 255 instead of the socket's own; -1 (IPv6): not. */
static int control_mark(const struct cmsghdr *hdr, int min, int *mark)
{
    int value;

    if (hdr->len < sizeof(*hdr) + sizeof(value))
        return -EINVAL;
    memcpy(&value, hdr + 1, sizeof(value));
    if (value < min || value > 255)
        return -EINVAL;
    *mark = value;
    return 0;
}

/* Linux takes a byte there, too. */
static int control_tos(const struct cmsghdr *hdr, int *tos)
{
    if (hdr->len != sizeof(*hdr) + 1)
        return control_mark(hdr, 0, tos);
    *tos = *(const uint8_t *)(hdr + 1);
    return 0;
}

static int control_one(const struct cmsghdr *hdr, struct packet *p)
{
    if (hdr->level == SOL_IP && hdr->type == IP_TTL)
        return control_mark(hdr, 1, &p->own_ttl);
    if (hdr->level == SOL_IP && hdr->type == IP_TOS)
        return control_tos(hdr, &p->own_tos);
    if (hdr->level == SOL_IPV6 && hdr->type == IPV6_HOPLIMIT)
        return control_mark(hdr, -1, &p->own_ttl);
    if (hdr->level == SOL_IPV6 && hdr->type == IPV6_TCLASS)
        return control_mark(hdr, -1, &p->own_tos);
    control_pktinfo(hdr, p);
    return 0;
}

static int parse_control(const struct sock_control *c, struct packet *p)
{
    const struct cmsghdr *hdr;
    size_t off = 0;
    int err = 0;

    while (c && !err && (hdr = control_next(c, &off, &err)))
        err = control_one(hdr, p);
    return err;
}

static int64_t send_op(struct sock *sock, struct sock_msg *msg)
{
    struct inet_sock *s = inet_of(sock);
    size_t len = msg->uio->resid_bytes;
    struct net_addr to = {0};
    struct packet *p;
    int64_t n;
    int err;

    if (sock->shut & SHUT_WR_BIT)
        return sock_epipe(msg->flags);
    err = dgram_take_error(s->dgram);
    if (err)
        return -err;
    if (msg->name && (err = inet_parse(s, msg->name, &to)))
        return err;
    if (to.family && inet_check_family(s, &to))
        return -ENETUNREACH;
    if (to.family && !to.port && sock->type == SOCK_DGRAM)
        return -EINVAL;
    p = packet_new(len);
    if (!p)
        return len > 65507 ? -EMSGSIZE : -ENOBUFS;
    n = len ? uio_get(msg->uio, p->data, len) : 0;
    if (n >= 0 && (size_t)n < len)
        n = -EFAULT;
    if (n >= 0)
        n = parse_control(msg->control, p);
    if (n < 0) {
        packet_free(p);
        return n;
    }
    err = dgram_send(s->dgram, p, to.family ? &to : NULL);
    return err ? err : (int64_t)len;
}

/* ---- receiving --------------------------------------------------------- */

static void put_pktinfo4(struct sock_msg *msg, const struct packet *p)
{
    struct in_pktinfo info = {.ipi_ifindex = (int)p->ifindex};

    memcpy(&info.ipi_addr, p->dst.ip, 4);
    memcpy(&info.ipi_spec_dst, p->dst.ip, 4);
    control_put(msg, SOL_IP, IP_PKTINFO, &info, sizeof(info));
}

static void put_pktinfo6(struct sock_msg *msg, const struct packet *p)
{
    struct in6_pktinfo info = {.ipi6_ifindex = (int)p->ifindex};
    uint8_t *ip = (uint8_t *)&info.ipi6_addr;

    if (p->dst.family == NET_V4) {
        ip[10] = ip[11] = 0xff;
        memcpy(ip + 12, p->dst.ip, 4);
    } else {
        memcpy(ip, p->dst.ip, 16);
    }
    control_put(msg, SOL_IPV6, IPV6_PKTINFO, &info, sizeof(info));
}

static void put_timestamp(const struct sock *s, struct sock_msg *msg,
                          const struct packet *p)
{
    int64_t stamp[2] = {p->real_ns / (int64_t)NSEC_PER_SEC,
                        p->real_ns % (int64_t)NSEC_PER_SEC};

    /* The option names the message, too. */
    if (s->timestamp == SO_TIMESTAMP_OLD || s->timestamp == SO_TIMESTAMP_NEW)
        stamp[1] /= 1000;
    control_put(msg, SOL_SOCKET, s->timestamp, stamp, sizeof(stamp));
}

void inet_put_control(struct inet_sock *s, struct sock_msg *msg,
                      const struct packet *p)
{
    bool v4 = s->sock.domain == AF_INET;
    int ttl = p->ttl, tos = p->tos;

    if (s->sock.timestamp)
        put_timestamp(&s->sock, msg, p);
    if (p->dst.family == NET_NONE)
        return;
    if (s->pktinfo && p->dst.family == NET_V4)
        put_pktinfo4(msg, p);
    if (s->pktinfo6)
        put_pktinfo6(msg, p);
    if (s->recvttl)
        control_put(msg, v4 ? SOL_IP : SOL_IPV6, v4 ? IP_TTL : IPV6_HOPLIMIT,
                    &ttl, sizeof(ttl));
    if (s->recvtos)
        control_put(msg, v4 ? SOL_IP : SOL_IPV6, v4 ? IP_TOS : IPV6_TCLASS,
                    v4 ? (void *)&p->tos : (void *)&tos,
                    v4 ? sizeof(p->tos) : sizeof(tos));
}

static int64_t deliver(struct inet_sock *s, struct sock_msg *msg,
                       const struct packet *p)
{
    size_t len = p->len_bytes;
    int64_t n = 0;

    if (len > msg->uio->resid_bytes) {
        len = msg->uio->resid_bytes;
        msg->out_flags |= MSG_TRUNC;
    }
    if (len)
        n = uio_put(msg->uio, p->data, len);
    if (n < 0)
        return n;
    if (msg->name)
        inet_name(s, &p->src, msg->name);
    inet_put_control(s, msg, p);
    return msg->flags & MSG_TRUNC ? (int64_t)p->len_bytes : (int64_t)len;
}

static int64_t recv_op(struct sock *sock, struct sock_msg *msg)
{
    struct inet_sock *s = inet_of(sock);
    uint64_t limit = sock->rcv_timeout_ns;
    int64_t n;
    int err;

    if (!dgram_first(s->dgram))
        poll_devices();
    if ((err = dgram_take_error(s->dgram)))
        return -err;
    if (!dgram_first(s->dgram) && (sock->shut & SHUT_RD_BIT))
        return 0;
    if (!dgram_first(s->dgram) && (msg->flags & MSG_DONTWAIT))
        return -EAGAIN;
    WAIT(&sock->waitq, sock_deadline(limit), err,
         dgram_first(s->dgram) || dgram_has_error(s->dgram) ||
             (sock->shut & SHUT_RD_BIT));
    if (err)
        return sock_wait_error(err, limit);
    if ((err = dgram_take_error(s->dgram)))
        return -err;
    if (!dgram_first(s->dgram))
        return 0;
    s->stamp_ns = dgram_first(s->dgram)->real_ns;
    n = deliver(s, msg, dgram_first(s->dgram));
    if (!(msg->flags & MSG_PEEK))
        packet_free(dgram_pop(s->dgram));
    return n;
}

/* ---- the rest ---------------------------------------------------------- */

static int shutdown_op(struct sock *sock, int how)
{
    struct net_addr peer;

    dgram_peer(inet_of(sock)->dgram, &peer);
    if (peer.family == NET_NONE)
        return -ENOTCONN;
    if (how != SHUT_WR)
        sock->shut |= SHUT_RD_BIT;
    if (how != SHUT_RD)
        sock->shut |= SHUT_WR_BIT;
    waitq_wake(&sock->waitq, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
    return 0;
}

static uint32_t poll_op(struct sock *sock)
{
    unsigned ready = dgram_ready(inet_of(sock)->dgram);
    uint32_t events = EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;

    if ((ready & NET_READABLE) || (sock->shut & SHUT_RD_BIT))
        events |= EPOLLIN | EPOLLRDNORM;
    if (sock->shut & SHUT_RD_BIT)
        events |= EPOLLRDHUP;
    if (sock->shut == (SHUT_RD_BIT | SHUT_WR_BIT))
        events |= EPOLLHUP;
    if (ready & NET_ERROR)
        events |= EPOLLERR;
    return events;
}

static int take_error_op(struct sock *sock)
{
    return dgram_take_error(inet_of(sock)->dgram);
}

static void release_op(struct sock *sock)
{
    struct inet_sock *s = inet_of(sock);

    dgram_close(s->dgram);
    kfree(s);
}

const struct sock_ops inet_dgram_ops = {
    .name = "udp",
    .bind = bind_op,
    .connect = connect_op,
    .send = send_op,
    .recv = recv_op,
    .recv_error = inet_recv_error,
    .shutdown = shutdown_op,
    .getname = inet_getname,
    .setsockopt = inet_setsockopt,
    .getsockopt = inet_getsockopt,
    .ioctl = inet_ioctl,
    .poll = poll_op,
    .take_error = take_error_op,
    .release = release_op,
};
