/* SPDX-License-Identifier: BSD-2-Clause */
/* Options that DNS servers set before they listen (tcp(7), ipv6(7)), and what
 * others expect of theirs. */
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#ifndef TCP_FASTOPEN
#define TCP_FASTOPEN 23
#endif

#ifndef ICMP_FILTER
#define ICMP_FILTER 1 /* raw(7); glibc has no header for it */
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

/* By name; who listens decides for those that are accepted. */
static void congestion(void)
{
    struct address a = {AF_INET, 0, {127, 0, 0, 1}, {0}};
    socklen_t len = sizeof(a);
    char name[16] = "";
    int l = socket(AF_INET, SOCK_STREAM, 0), c, s;

    CHECK(setsockopt(l, IPPROTO_TCP, TCP_CONGESTION, "nonesuch", 8) == -1 &&
          errno == ENOENT);
    CHECK(setsockopt(l, IPPROTO_TCP, TCP_CONGESTION, "bbr", 0) == -1 &&
          errno == EINVAL);
    CHECK(setsockopt(l, IPPROTO_TCP, TCP_CONGESTION, "bbr", 3) == 0);
    CHECK(bind(l, (void *)&a, len) == 0 && listen(l, 5) == 0);
    CHECK(getsockname(l, (void *)&a, &len) == 0);
    c = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(c, (void *)&a, len) == 0);
    s = accept(l, NULL, NULL);
    len = sizeof(name);
    CHECK(getsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name, &len) == 0);
    CHECK(len == sizeof(name) && !strcmp(name, "bbr"));
    CHECK(setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "cub", 3) == -1 &&
          errno == ENOENT);
    CHECK(setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "cubic\0x", 7) == 0);
    CHECK(getsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name, &len) == 0);
    CHECK(!strcmp(name, "cubic"));
    close(c);
    close(s);
    close(l);
}

static void ipv6(void)
{
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);

    CHECK(set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, 5) == 0);
    CHECK(set(fd, IPPROTO_IPV6, IPV6_MTU, 1280) == 0);
    CHECK(set(fd, IPPROTO_IPV6, IPV6_MTU, 1279) == -1 && errno == EINVAL);
    close(fd);
}

/* A socket that is bound to the loopback interface reaches ourselves. */
static void device(void)
{
    struct address a = {AF_INET, 0, {127, 0, 0, 1}, {0}};
    int l = socket(AF_INET, SOCK_STREAM, 0), c, u, index = 1;
    socklen_t len = sizeof(a), name_len = 16;
    char name[16] = "x";

    CHECK(getsockopt(l, SOL_SOCKET, SO_BINDTODEVICE, name, &name_len) == 0);
    CHECK(name_len == 0);
    CHECK(setsockopt(l, SOL_SOCKET, SO_BINDTODEVICE, "none", 5) == -1 &&
          errno == ENODEV);
    CHECK(setsockopt(l, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2) == 0);
    name_len = 16;
    CHECK(getsockopt(l, SOL_SOCKET, SO_BINDTODEVICE, name, &name_len) == 0);
    CHECK(name_len == 3 && strcmp(name, "lo") == 0);
    CHECK(bind(l, (void *)&a, len) == 0 && listen(l, 5) == 0);
    CHECK(getsockname(l, (void *)&a, &len) == 0);
    c = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(setsockopt(c, SOL_SOCKET, SO_BINDTOIFINDEX, &index, sizeof(index)) ==
          0);
    CHECK(get(c, SOL_SOCKET, SO_BINDTOIFINDEX) == 1);
    CHECK(connect(c, (void *)&a, len) == 0);
    u = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(setsockopt(u, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) == 0);
    CHECK(bind(u, (void *)&a, len) == 0);
    CHECK(sendto(u, "x", 1, 0, (void *)&a, len) == 1);
    CHECK(recv(u, name, sizeof(name), 0) == 1);
    CHECK(setsockopt(u, SOL_SOCKET, SO_BINDTODEVICE, "", 0) == 0);
    close(u);
    close(c);
    close(l);
}

static void join(int fd, int opt, unsigned ifindex, int expected)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr = {htonl(0xef010203)}};
    struct group_req req = {.gr_interface = ifindex};
    int result;

    memcpy(&req.gr_group, &a, sizeof(a));
    errno = 0;
    result = setsockopt(fd, IPPROTO_IP, opt, &req, sizeof(req));
    CHECK(result == (expected ? -1 : 0) && errno == expected);
}

/* RFC 3678's way to name a group, on the loopback interface. */
static void group(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct address a = {AF_INET, 0, {239, 1, 2, 3}, {0}};
    struct ip_mreqn on_lo = {.imr_ifindex = 1};
    socklen_t len = sizeof(a);
    char byte;

    join(fd, MCAST_JOIN_GROUP, 1, 0);
    join(fd, MCAST_JOIN_GROUP, 1, EADDRINUSE);
    join(fd, MCAST_JOIN_GROUP, 99, ENODEV);
    CHECK(bind(fd, (void *)&a, len) == 0);
    CHECK(getsockname(fd, (void *)&a, &len) == 0);
    CHECK(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &on_lo, sizeof(on_lo)) ==
          0);
    CHECK(sendto(fd, "x", 1, 0, (void *)&a, len) == 1);
    CHECK(recv(fd, &byte, 1, 0) == 1 && byte == 'x');
    join(fd, MCAST_LEAVE_GROUP, 1, 0);
    join(fd, MCAST_LEAVE_GROUP, 1, EADDRNOTAVAIL);
    close(fd);
}

/* What is sent to a group leaves where the sender's own address is. */
static void group_by_address(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0),
        to = socket(AF_INET, SOCK_DGRAM, 0);
    struct address a = {AF_INET, 0, {239, 1, 2, 3}, {0}}, lo;
    struct in_addr address = {htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    char byte;

    lo = (struct address){AF_INET, 0, {127, 0, 0, 1}, {0}};
    CHECK(bind(fd, (void *)&a, len) == 0);
    CHECK(getsockname(fd, (void *)&a, &len) == 0);
    join(fd, MCAST_JOIN_GROUP, 1, 0);
    CHECK(bind(to, (void *)&lo, len) == 0);
    CHECK(sendto(to, "y", 1, 0, (void *)&a, len) == 1);
    CHECK(recv(fd, &byte, 1, 0) == 1 && byte == 'y');
    CHECK(get(to, IPPROTO_IP, IP_MULTICAST_IF) == 0);
    CHECK(set(to, IPPROTO_IP, IP_MULTICAST_IF, (int)address.s_addr) == 0);
    CHECK(get(to, IPPROTO_IP, IP_MULTICAST_IF) == (int)address.s_addr);
    close(fd);
    close(to);
}

static void send_echo(int fd, int domain, int type)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 to6 = {.sin6_family = AF_INET6,
                               .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    unsigned char packet[8] = {type, 0, (255 - type), 255};

    if (domain == AF_INET)
        CHECK(sendto(fd, packet, 8, 0, (void *)&to, sizeof(to)) == 8);
    else
        CHECK(sendto(fd, packet, 8, 0, (void *)&to6, sizeof(to6)) == 8);
}

/* Of an echo to ourselves only the reply is seen. */
static void icmp_filters(void)
{
    unsigned block = ~(1u << ICMP_ECHOREPLY), is = 0;
    struct icmp6_filter block6;
    socklen_t len = sizeof(is);
    unsigned char packet[128];
    int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);

    if (fd < 0) {
        puts("no raw sockets for us here");
        return;
    }
    CHECK(setsockopt(fd, SOL_RAW, ICMP_FILTER, &block, sizeof(block)) == 0);
    CHECK(getsockopt(fd, SOL_RAW, ICMP_FILTER, &is, &len) == 0);
    CHECK(is == block && len == sizeof(is));
    send_echo(fd, AF_INET, ICMP_ECHO);
    CHECK(recv(fd, packet, sizeof(packet), 0) == 28);
    CHECK(packet[20] == ICMP_ECHOREPLY);
    close(fd);
    fd = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
    if (fd < 0)
        return;
    ICMP6_FILTER_SETBLOCKALL(&block6);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &block6);
    CHECK(setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &block6,
                     sizeof(block6)) == 0);
    send_echo(fd, AF_INET6, ICMP6_ECHO_REQUEST);
    CHECK(recv(fd, packet, sizeof(packet), 0) == 8);
    CHECK(packet[0] == ICMP6_ECHO_REPLY);
    close(fd);
    fd = socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
    CHECK(setsockopt(fd, SOL_RAW, ICMP_FILTER, &block, sizeof(block)) == -1 &&
          errno == EOPNOTSUPP);
    close(fd);
}

/* Two ends of a connection through the loopback. */
static void connect_pair(int ends[2])
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    CHECK(bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0);
    CHECK(listen(listener, 1) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&at, &len) == 0);
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(ends[0], (struct sockaddr *)&at, sizeof(at)) == 0);
    ends[1] = accept(listener, NULL, NULL);
    CHECK(ends[1] >= 0);
    close(listener);
}

static void *read_all(void *arg)
{
    static char buf[65536];

    while (read(*(int *)arg, buf, sizeof(buf)) > 0)
        continue;
    return NULL;
}

/* Milliseconds to send 2 MB and to have it read. */
static uint64_t send_for(int ends[2])
{
    enum { PIECES = 32 };
    static char piece[65536];
    struct timespec from, to;
    pthread_t reader;

    clock_gettime(CLOCK_MONOTONIC, &from);
    CHECK(pthread_create(&reader, NULL, read_all, &ends[1]) == 0);
    for (int i = 0; i < PIECES; i++)
        CHECK(write(ends[0], piece, sizeof(piece)) == sizeof(piece));
    CHECK(shutdown(ends[0], SHUT_WR) == 0);
    pthread_join(reader, NULL);
    clock_gettime(CLOCK_MONOTONIC, &to);
    return (uint64_t)(to.tv_sec - from.tv_sec) * 1000 +
           (uint64_t)(to.tv_nsec / 1000000) -
           (uint64_t)(from.tv_nsec / 1000000);
}

static void pacing(void)
{
    const uint64_t none = UINT64_MAX, most = 4000000;
    uint64_t wide = 0;
    unsigned narrow = 0;
    socklen_t len = sizeof(wide);
    int ends[2];

    connect_pair(ends);
    CHECK(getsockopt(ends[0], SOL_SOCKET, SO_MAX_PACING_RATE, &wide, &len) ==
          0);
    CHECK(wide == none && len == 8);
    CHECK(setsockopt(ends[0], SOL_SOCKET, SO_MAX_PACING_RATE, &most,
                     sizeof(most)) == 0);
    CHECK(getsockopt(ends[0], SOL_SOCKET, SO_MAX_PACING_RATE, &wide, &len) ==
          0);
    CHECK(wide == most);
    len = sizeof(narrow);
    CHECK(getsockopt(ends[0], SOL_SOCKET, SO_MAX_PACING_RATE, &narrow, &len) ==
          0);
    CHECK(narrow == most && len == 4);
    /* Half a second; Linux lets ten segments go before. */
    CHECK(send_for(ends) >= 200);
    close(ends[0]);
    close(ends[1]);
    connect_pair(ends);
    narrow = (unsigned)most;
    CHECK(setsockopt(ends[0], SOL_SOCKET, SO_MAX_PACING_RATE, &narrow,
                     sizeof(narrow)) == 0);
    CHECK(setsockopt(ends[0], SOL_SOCKET, SO_MAX_PACING_RATE, &none,
                     sizeof(none)) == 0);
    send_for(ends); /* ends: nothing holds it up any more */
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    pacing();
    maxseg();
    fastopen();
    congestion();
    ipv6();
    device();
    group();
    group_by_address();
    icmp_filters();
    puts("ok");
    return 0;
}
