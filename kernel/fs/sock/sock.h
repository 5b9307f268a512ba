/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets: what all families have in common. A family provides operations on
 * kernel memory; descriptors, time limits and SIGPIPE are dealt with here.
 */
#ifndef EINKORN_KERNEL_FS_SOCK_SOCK_H
#define EINKORN_KERNEL_FS_SOCK_SOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/fs/sock/abi.h"
#include "kernel/sched/waitq.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/uio.h"

struct sock;

/* A Linux sockaddr in kernel memory. */
struct sock_name {
    uint8_t data[SOCKADDR_MAX] __attribute__((aligned(8)));
    uint32_t len_bytes;
};

/* Control messages (cmsg(3)): parsed or built in one kernel buffer. */
struct sock_control {
    uint8_t *data;
    size_t len_bytes;  /* there are, or have been put in */
    size_t room_bytes; /* receiving: the program's buffer */
};

/* One sendmsg or recvmsg. */
struct sock_msg {
    struct uio *uio;
    int flags;     /* MSG_*; MSG_DONTWAIT also when O_NONBLOCK is set */
    int out_flags; /* receiving: MSG_TRUNC, MSG_CTRUNC, MSG_EOR */
    /* Sending: destination or NULL. Receiving: filled if not NULL. */
    struct sock_name *name;
    struct sock_control *control; /* NULL: none wanted or given */
};

/* NULL: -EOPNOTSUPP. Blocking, by the rules of msg->flags or `nonblock`, is
 * the operation's business. */
struct sock_ops {
    const char *name;
    int (*bind)(struct sock *s, const struct sock_name *name);
    int (*connect)(struct sock *s, const struct sock_name *name, bool nonblock);
    int (*listen)(struct sock *s, int backlog);
    int (*accept)(struct sock *s, bool nonblock, struct sock **out);
    int64_t (*send)(struct sock *s, struct sock_msg *msg);
    int64_t (*recv)(struct sock *s, struct sock_msg *msg);
    /* MSG_ERRQUEUE; NULL: the queue is always empty. */
    int64_t (*recv_error)(struct sock *s, struct sock_msg *msg);
    int (*shutdown)(struct sock *s, int how);
    int (*getname)(struct sock *s, struct sock_name *out, bool peer);
    /* Levels other than SOL_SOCKET, and what SOL_SOCKET leaves over. len is
     * the room on the way in, what was used on the way out. */
    int (*setsockopt)(struct sock *s, int level, int opt, const void *val,
                      size_t len_bytes);
    int (*getsockopt)(struct sock *s, int level, int opt, void *val,
                      size_t *len_bytes);
    int64_t (*ioctl)(struct sock *s, uint32_t cmd, uint64_t arg);
    uint32_t (*poll)(struct sock *s);  /* EPOLL* bits now */
    int (*take_error)(struct sock *s); /* positive errno, cleared */
    /* Frees s. */
    void (*release)(struct sock *s);
};

enum { SHUT_RD_BIT = 1, SHUT_WR_BIT = 2 };

/* Embedded first in each family's own structure. */
struct sock {
    const struct sock_ops *ops;
    int domain, type, protocol;
    struct waitq waitq;
    uint64_t rcv_timeout_ns, snd_timeout_ns; /* 0: none */
    uint8_t shut;                            /* SHUT_*_BIT, by us */
    bool reuseaddr, reuseport, keepalive, broadcast, passcred;
    int timestamp; /* which SO_TIMESTAMP*_* is on, or 0 */
    bool linger_on, oobinline, dontroute, listening;
    int linger_s, priority, mark;
    uint32_t rcvlowat;
    uint32_t device; /* index of the interface it is bound to, or 0 */
    uint64_t ino;
};

/* Fields common to all. */
void sock_init(struct sock *s, const struct sock_ops *ops, int domain, int type,
               int protocol);
/* 0 and *out, or -EAFNOSUPPORT, -EPROTONOSUPPORT, -ESOCKTNOSUPPORT, ... */
int sock_create(int domain, int type, int protocol, struct sock **out);
/* A descriptor's file around s (consumed, also on error); NULL: no memory. */
struct file *sock_file(struct sock *s, uint32_t flags);
/* Sockets that have a file. */
unsigned sock_count(void);
/* The socket behind an open file, or NULL. */
struct sock *sock_of(struct file *f);

/* When a wait that begins now must end. */
uint64_t sock_deadline(uint64_t timeout_ns);
/* What a wait that ended with err means for the caller: -EAGAIN for a time
 * limit, -EINTR instead of a restart if there was one. */
int sock_wait_error(int err, uint64_t timeout_ns);
/* -EPIPE, with SIGPIPE unless MSG_NOSIGNAL. */
int64_t sock_epipe(int flags);

int64_t sock_send(struct sock *s, struct sock_msg *msg);
int64_t sock_recv(struct sock *s, struct sock_msg *msg);
/* All levels; val is kernel memory. */
int sock_setsockopt(struct sock *s, int level, int opt, const void *val,
                    size_t len_bytes);
int sock_getsockopt(struct sock *s, int level, int opt, void *val,
                    size_t *len_bytes);

/* Only through the interface with that index, 0: any. Families without
 * interfaces only keep it. 0, -ENODEV. */
int sock_set_device(struct sock *s, uint32_t index);
/* By name, "" for any. */
int sock_set_device_name(struct sock *s, const char *val, size_t len_bytes);
int sock_get_device_name(const struct sock *s, void *val, size_t *len_bytes);

/* Control messages. Adding: false if there is no room for all of it; then what
 * fits is there (MSG_CTRUNC is set). */
bool control_put(struct sock_msg *msg, int level, int type, const void *data,
                 size_t len_bytes);
/* The next one at *off, which is advanced; NULL at the end. -EINVAL in *err if
 * malformed. */
const struct cmsghdr *control_next(const struct sock_control *c, size_t *off,
                                   int *err);

/* SIOCGIF*, those of addresses for AF_INET only; -ENOTTY for others. */
int64_t sock_iface_ioctl(int domain, uint32_t cmd, uint64_t arg);

/* Families. */
int inet_create(int domain, int type, int protocol, struct sock **out);
int unix_create(int type, int protocol, struct sock **out);
int unix_pair(int type, int protocol, struct sock *out[2]);
int netlink_create(int type, int protocol, struct sock **out);

#endif
