/* SPDX-License-Identifier: BSD-2-Clause */
/* Building and exchanging netlink messages: see netlink.h. */
#include "host/network/netlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int nl_open(int protocol)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

    return fd < 0 ? -errno : fd;
}

static void *append(struct nl_msg *msg, size_t len_bytes)
{
    size_t start = NLMSG_ALIGN(msg->hdr.nlmsg_len);

    if (start + NLMSG_ALIGN(len_bytes) > sizeof(msg->bytes)) {
        abort(); /* our messages are all of known, small size */
    }
    memset(msg->bytes + start, 0, NLMSG_ALIGN(len_bytes));
    msg->hdr.nlmsg_len = (uint32_t)(start + len_bytes);
    return msg->bytes + start;
}

void nl_begin(struct nl_msg *msg, uint16_t type, uint16_t flags,
              const void *body, size_t len_bytes)
{
    memset(&msg->hdr, 0, sizeof(msg->hdr));
    msg->hdr.nlmsg_len = NLMSG_HDRLEN;
    msg->hdr.nlmsg_type = type;
    msg->hdr.nlmsg_flags = NLM_F_REQUEST | flags;
    memcpy(append(msg, len_bytes), body, len_bytes);
}

void nl_attr(struct nl_msg *msg, uint16_t type, const void *data,
             size_t len_bytes)
{
    struct nlattr *attr = append(msg, NLA_HDRLEN + len_bytes);

    attr->nla_type = type;
    attr->nla_len = (uint16_t)(NLA_HDRLEN + len_bytes);
    memcpy((char *)attr + NLA_HDRLEN, data, len_bytes);
}

void nl_attr_str(struct nl_msg *msg, uint16_t type, const char *text)
{
    nl_attr(msg, type, text, strlen(text) + 1);
}

size_t nl_nest(struct nl_msg *msg, uint16_t type)
{
    struct nlattr *attr = append(msg, NLA_HDRLEN);

    attr->nla_type = type | NLA_F_NESTED;
    return (size_t)((char *)attr - msg->bytes);
}

void nl_nest_end(struct nl_msg *msg, size_t nest)
{
    struct nlattr *attr = (struct nlattr *)(void *)(msg->bytes + nest);

    attr->nla_len = (uint16_t)(msg->hdr.nlmsg_len - nest);
}

int nl_call(int fd, struct nl_msg *msg)
{
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    union {
        struct nlmsghdr hdr;
        char bytes[8192];
    } reply;
    const struct nlmsgerr *error = (const void *)NLMSG_DATA(&reply);
    ssize_t len;

    if (sendto(fd, msg, msg->hdr.nlmsg_len, 0, (struct sockaddr *)&kernel,
               sizeof(kernel)) < 0) {
        return -errno;
    }
    do {
        len = recv(fd, &reply, sizeof(reply), 0);
    } while (len < 0 && errno == EINTR);
    if (len < 0) {
        return -errno;
    }
    if ((size_t)len < NLMSG_HDRLEN) {
        return -EPROTO;
    }
    if (reply.hdr.nlmsg_type != NLMSG_ERROR) {
        return 0; /* an object that was asked for */
    }
    return (size_t)len < NLMSG_LENGTH(sizeof(*error)) ? -EPROTO : error->error;
}
