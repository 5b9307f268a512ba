/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers to netlink requests: messages one after another in one buffer.
 */
#ifndef EINKORN_KERNEL_FS_SOCK_NETLINK_H
#define EINKORN_KERNEL_FS_SOCK_NETLINK_H

#include "kernel/fs/sock/sock.h"

struct nlmsghdr;

struct nl_reply {
    struct list node;
    uint8_t *data;
    size_t len_bytes, room_bytes;
    uint32_t seq, port;
    bool failed; /* out of memory: what was built is not complete */
};

/* Room for len more bytes, zeroed; NULL: failed. */
void *nl_append(struct nl_reply *r, size_t len_bytes);
/* NLMSG_ERROR; err 0 acknowledges. */
void nl_error(struct nl_reply *r, const struct nlmsghdr *to, int err);
/* Answers an rtnetlink(7) request. 0 or -errno. */
int rtnl_answer(struct nl_reply *r, const struct nlmsghdr *request);

#endif
