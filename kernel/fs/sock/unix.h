/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_UNIX sockets (unix(7)). Shared by the unix*.c files.
 */
#ifndef EINKORN_KERNEL_FS_SOCK_UNIX_H
#define EINKORN_KERNEL_FS_SOCK_UNIX_H

#include "kernel/fs/sock/sock.h"

struct inode;

enum { UNIX_BUF = 212992, UNIX_PATH_MAX = 108, UNIX_CHUNK = 65536 };

/* Path (without NUL) or, if data[0] is 0, abstract name. */
struct unix_name {
    char data[UNIX_PATH_MAX];
    uint32_t len_bytes; /* 0: unnamed */
};

/* What one write put in: bytes, and what came along. */
struct unix_msg {
    struct list node;
    size_t len_bytes, off; /* off: read already (streams) */
    struct file **files;
    unsigned nr_files;
    struct ucred cred;
    struct unix_name *from; /* datagrams; NULL: unnamed */
    uint8_t data[];
};

struct unix_sock {
    struct sock sock;
    uint32_t refs;          /* its file, and sockets that send here */
    struct unix_sock *peer; /* referenced; NULL: not connected */
    struct list senders;    /* datagram sockets whose peer is this one */
    struct list sender_node;
    struct waitq room; /* woken when something was read here */
    struct list rx;
    size_t rx_bytes;
    uint32_t sndbuf; /* limit of a datagram */
    uint32_t buf;    /* limit of rx_bytes, for those who send here */
    bool connected, eof, dead, reset;
    struct ucred peercred;
    struct unix_name name;
    struct inode *inode; /* of a bound path, referenced */
    struct list named;   /* all sockets with abstract names */
    struct list pending; /* connections to accept */
    struct list pending_node;
    unsigned nr_pending, backlog;
};

static inline struct unix_sock *unix_of(struct sock *s)
{
    return (struct unix_sock *)s;
}

extern const struct sock_ops unix_ops;

void unix_get(struct unix_sock *u);
void unix_put(struct unix_sock *u);
struct ucred unix_cred(void);

/* unix_name.c */
/* sockaddr_un to name. 0 or -EINVAL. */
int unix_parse(const struct sock_name *in, struct unix_name *out);
void unix_show(const struct unix_name *name, struct sock_name *out);
int unix_bind(struct sock *s, const struct sock_name *name);
void unix_unbind(struct unix_sock *u);
/* The socket of that name, a new reference. 0, -ECONNREFUSED, -ENOENT ... */
int unix_find(const struct unix_name *name, struct unix_sock **out);

/* unix_send.c, unix_recv.c */
int64_t unix_send(struct sock *s, struct sock_msg *msg);
int64_t unix_recv(struct sock *s, struct sock_msg *msg);
void unix_msg_free(struct unix_msg *m);

/* unix_opt.c */
uint32_t unix_poll(struct sock *s);
int64_t unix_ioctl(struct sock *s, uint32_t cmd, uint64_t arg);
int unix_take_error(struct sock *s);
int unix_setsockopt(struct sock *s, int level, int opt, const void *val,
                    size_t len);
int unix_getsockopt(struct sock *s, int level, int opt, void *val, size_t *len);

/* unix_scm.c */
/* Files named by SCM_RIGHTS are referenced into m. 0 or -errno. */
int scm_take(const struct sock_control *c, struct unix_msg *m);
/* Hands files and credentials over to the reader. */
void scm_give(struct unix_sock *u, struct sock_msg *msg, struct unix_msg *m);

#endif
