/* SPDX-License-Identifier: BSD-2-Clause */
/* Options that DNS servers set before they listen (tcp(7), ipv6(7)). */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

#ifndef TCP_FASTOPEN
#define TCP_FASTOPEN 23
#endif

struct address {
    unsigned short family, port;
    unsigned char ip[4], zero[8];
};

static int set(int fd, int level, int opt, int value)
{
    return setsockopt(fd, level, opt, &value, sizeof(value));
}

static int get(int fd, int level, int opt)
{
    socklen_t len = sizeof(int);
    int value = -1;

    CHECK(getsockopt(fd, level, opt, &value, &len) == 0);
    return value;
}

/* No segment is larger than TCP_MAXSEG, for accepted connections too. */
static void maxseg(void)
{
    struct address a = {AF_INET, 0, {127, 0, 0, 1}, {0}};
    int l = socket(AF_INET, SOCK_STREAM, 0), c, s;
    socklen_t len = sizeof(a);

    CHECK(get(l, IPPROTO_TCP, TCP_MAXSEG) == 536);
    CHECK(set(l, IPPROTO_TCP, TCP_MAXSEG, 87) == -1 && errno == EINVAL);
    CHECK(set(l, IPPROTO_TCP, TCP_MAXSEG, 40000) == -1 && errno == EINVAL);
    CHECK(set(l, IPPROTO_TCP, TCP_MAXSEG, 1220) == 0);
    CHECK(get(l, IPPROTO_TCP, TCP_MAXSEG) == 1220);
    CHECK(bind(l, (void *)&a, len) == 0 && listen(l, 5) == 0);
    CHECK(getsockname(l, (void *)&a, &len) == 0);
    c = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(c, (void *)&a, len) == 0);
    s = accept(l, NULL, NULL);
    CHECK(s >= 0);
    CHECK(get(s, IPPROTO_TCP, TCP_MAXSEG) <= 1220);
    close(c);
    close(s);
    close(l);
}

static void fastopen(void)
{
    int fd = socket(AF_INET6, SOCK_STREAM, 0);

    CHECK(set(fd, IPPROTO_TCP, TCP_FASTOPEN, 5) == 0);
    CHECK(set(fd, IPPROTO_TCP, TCP_FASTOPEN, -1) == -1 && errno == EINVAL);
    CHECK(listen(fd, 5) == 0);
    CHECK(set(fd, IPPROTO_TCP, TCP_FASTOPEN, 10) == 0);
    CHECK(get(fd, IPPROTO_TCP, TCP_FASTOPEN) == 10);
    close(fd);
}

static void ipv6(void)
{
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);

    CHECK(set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, 5) == 0);
    CHECK(set(fd, IPPROTO_IPV6, IPV6_MTU, 1280) == 0);
    CHECK(set(fd, IPPROTO_IPV6, IPV6_MTU, 1279) == -1 && errno == EINVAL);
    close(fd);
}

int main(void)
{
    maxseg();
    fastopen();
    ipv6();
    puts("ok");
    return 0;
}
