/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ancillary data that a sender gives (cmsg(3)): several SCM_RIGHTS headers in
 * one message arrive as one, and a datagram's own TTL, hop limit and traffic
 * class count for it alone (ip(7), ipv6(7)).
 */
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/guest/check.h"

union control {
    struct cmsghdr hdr;
    char space[256];
};

static void put(struct msghdr *m, int level, int type, const void *data,
                size_t len)
{
    struct cmsghdr *c = (void *)((char *)m->msg_control + m->msg_controllen);

    c->cmsg_len = CMSG_LEN(len);
    c->cmsg_level = level;
    c->cmsg_type = type;
    memcpy(CMSG_DATA(c), data, len);
    m->msg_controllen += CMSG_SPACE(len);
}

static void several_rights(void)
{
    union control out = {0}, in;
    char byte = 'x';
    struct iovec iov = {&byte, 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &out};
    int pair[2], fds[3], bad = 1000;

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    put(&m, SOL_SOCKET, SCM_RIGHTS, pair, 2 * sizeof(int));
    put(&m, SOL_SOCKET, SCM_RIGHTS, pair, sizeof(int));
    CHECK(sendmsg(pair[0], &m, 0) == 1);
    put(&m, SOL_SOCKET, SCM_RIGHTS, &bad, sizeof(bad));
    CHECK(sendmsg(pair[0], &m, 0) == -1 && errno == EBADF);
    m.msg_control = &in;
    m.msg_controllen = sizeof(in);
    CHECK(recvmsg(pair[1], &m, 0) == 1);
    CHECK(in.hdr.cmsg_len == CMSG_LEN(sizeof(fds)));
    memcpy(fds, CMSG_DATA(&in.hdr), sizeof(fds));
    for (int i = 0; i < 3; i++)
        CHECK(close(fds[i]) == 0);
    CHECK(recvmsg(pair[1], &m, MSG_DONTWAIT) == -1 && errno == EAGAIN);
    close(pair[0]);
    close(pair[1]);
}

/* What a message with these two marks, or none, arrives with. */
static void one_way(int from, int to, int level, const int types[2],
                    const int *marks, int got[2])
{
    union control out = {0}, in;
    char byte = 'x';
    struct iovec iov = {&byte, 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &out};

    for (int i = 0; marks && i < 2; i++)
        put(&m, level, types[i], &marks[i], sizeof(int));
    CHECK(sendmsg(from, &m, 0) == 1);
    m.msg_control = &in;
    m.msg_controllen = sizeof(in);
    CHECK(recvmsg(to, &m, 0) == 1);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
        for (int i = 0; i < 2; i++)
            if (c->cmsg_level == level && c->cmsg_type == types[i]) {
                got[i] = 0;
                memcpy(&got[i], CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
            }
}

static void marks(int domain, int level, const int types[2], const int asked[2])
{
    struct sockaddr_storage a = {.ss_family = domain};
    socklen_t len = sizeof(a);
    int from = socket(domain, SOCK_DGRAM, 0);
    int to = socket(domain, SOCK_DGRAM, 0);
    int usual[2] = {-1, -1}, got[2] = {-1, -1}, one = 1;

    for (int i = 0; i < 2; i++)
        CHECK(setsockopt(to, level, asked[i], &one, sizeof(one)) == 0);
    if (domain == AF_INET6)
        ((struct sockaddr_in6 *)&a)->sin6_addr = in6addr_loopback;
    else
        ((struct sockaddr_in *)&a)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(to, (void *)&a, len) == 0);
    CHECK(getsockname(to, (void *)&a, &len) == 0);
    CHECK(connect(from, (void *)&a, len) == 0);
    one_way(from, to, level, types, NULL, usual);
    CHECK(usual[0] == 64 && usual[1] == 0);
    one_way(from, to, level, types, (int[]){3, 0x48}, got);
    CHECK(got[0] == 3 && got[1] == 0x48);
    one_way(from, to, level, types, NULL, got);
    CHECK(got[0] == usual[0] && got[1] == usual[1]);
    close(from);
    close(to);
}

static void bad_marks(void)
{
    union control out = {0};
    char byte = 'x';
    struct iovec iov = {&byte, 1};
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(9)};
    struct msghdr m = {.msg_name = &a,
                       .msg_namelen = sizeof(a),
                       .msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = &out};
    int fd = socket(AF_INET, SOCK_DGRAM, 0), value = 256;

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    put(&m, SOL_IP, IP_TTL, &value, sizeof(value));
    CHECK(sendmsg(fd, &m, 0) == -1 && errno == EINVAL);
    close(fd);
}

int main(void)
{
    several_rights();
    marks(AF_INET, SOL_IP, (int[]){IP_TTL, IP_TOS},
          (int[]){IP_RECVTTL, IP_RECVTOS});
    marks(AF_INET6, SOL_IPV6, (int[]){IPV6_HOPLIMIT, IPV6_TCLASS},
          (int[]){IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS});
    bad_marks();
    puts("ok");
    return 0;
}
