/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests over netlink(7), one at a time, each acknowledged. */
#ifndef EINKORN_HOST_NETWORK_NETLINK_H
#define EINKORN_HOST_NETWORK_NETLINK_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

struct nl_msg {
    union {
        struct nlmsghdr hdr;
        char bytes[512];
    };
};

/* A socket of NETLINK_ROUTE or NETLINK_NETFILTER, or -errno. */
int nl_open(int protocol);

/* Begins a message with its family's fixed body. */
void nl_begin(struct nl_msg *msg, uint16_t type, uint16_t flags,
              const void *body, size_t len_bytes);

void nl_attr(struct nl_msg *msg, uint16_t type, const void *data,
             size_t len_bytes);
void nl_attr_str(struct nl_msg *msg, uint16_t type, const char *text);

/* Nested attributes: what comes between is inside. */
size_t nl_nest(struct nl_msg *msg, uint16_t type);
void nl_nest_end(struct nl_msg *msg, size_t nest);

/* Sends and waits for the answer: 0, or -errno as the kernel said. */
int nl_call(int fd, struct nl_msg *msg);

#endif
