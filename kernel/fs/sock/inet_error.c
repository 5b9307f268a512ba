/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the error queue of datagram sockets: MSG_ERRQUEUE (recv(2), ip(7),
 * ipv6(7)).
 */
#include <linux/errno.h>
#include <linux/time.h> /* errqueue.h wants it */

#include <linux/errqueue.h>
#include <linux/in.h>
#include <linux/in6.h>

#include "kernel/fs/sock/inet.h"
#include "lib/string.h"

/* As SO_EE_OFFENDER finds it: the address follows. */
struct report {
    struct sock_extended_err ee;
    uint8_t offender[sizeof(struct sockaddr_in6)];
};

static size_t offender_len(const struct inet_sock *s)
{
    return s->sock.domain == AF_INET ? sizeof(struct sockaddr_in)
                                     : sizeof(struct sockaddr_in6);
}

static void put_report(struct inet_sock *s, struct sock_msg *msg,
                       const struct dgram_error *e)
{
    bool v4 = s->sock.domain == AF_INET;
    size_t len = offender_len(s);
    struct sock_name offender;
    struct report r = {
        .ee =
            {
                .ee_errno = (uint32_t)e->error,
                .ee_origin = e->origin,
                .ee_type = e->type,
                .ee_code = e->code,
                .ee_info = e->info,
            },
    };

    if (e->packet->src.family) {
        inet_name(s, &e->packet->src, &offender);
        memcpy(r.offender, offender.data, len);
    }
    control_put(msg, v4 ? SOL_IP : SOL_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR, &r,
                sizeof(r.ee) + len);
}

int64_t inet_recv_error(struct sock *sock, struct sock_msg *msg)
{
    struct inet_sock *s = inet_of(sock);
    struct dgram_error *e = dgram_pop_error(s->dgram);
    size_t len;
    int64_t n = 0;

    if (!e)
        return -EAGAIN;
    len = e->packet->len_bytes;
    if (len > msg->uio->resid_bytes) {
        len = msg->uio->resid_bytes;
        msg->out_flags |= MSG_TRUNC;
    }
    if (len)
        n = uio_put(msg->uio, e->packet->data, len);
    if (n >= 0) {
        if (msg->name)
            inet_name(s, &e->to, msg->name);
        inet_put_control(s, msg, e->packet);
        put_report(s, msg, e);
        msg->out_flags |= MSG_ERRQUEUE;
    }
    dgram_error_free(e);
    return n;
}
