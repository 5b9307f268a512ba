/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors of datagrams: pending ones, MSG_ERRQUEUE, MTU, time stamps. */
#include "tests/probe/probe.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

enum { CLOSED = 9, LONG = 70000 };

union any {
    struct sockaddr sa;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

static const char *who;
static int level, recverr;

static union any at(int family, int port)
{
    union any a = {.sa.sa_family = (sa_family_t)family};

    if (family == AF_INET) {
        a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        a.in.sin_port = htons(port);
    } else {
        a.in6.sin6_addr = in6addr_loopback;
        a.in6.sin6_port = htons(port);
    }
    return a;
}

static int set(int fd, int lvl, int opt, int value)
{
    return setsockopt(fd, lvl, opt, &value, sizeof(value));
}

static int error_of(int fd)
{
    int value = -1;
    socklen_t len = sizeof(value);

    getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &len);
    return value;
}

static int polled(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};

    return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

static void say_address(const char *what, const struct sockaddr *sa)
{
    char text[64] = "none";
    int port = -1;

    if (sa->sa_family == AF_INET) {
        inet_ntop(AF_INET, &((struct sockaddr_in *)sa)->sin_addr, text, 64);
        port = ntohs(((struct sockaddr_in *)sa)->sin_port);
    } else if (sa->sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &((struct sockaddr_in6 *)sa)->sin6_addr, text, 64);
        port = ntohs(((struct sockaddr_in6 *)sa)->sin6_port);
    }
    printf("%s %s %s port %d\n", who, what, text, port);
}

static void say_control(struct msghdr *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        const struct sock_extended_err *e = (void *)CMSG_DATA(c);

        printf("%s control %d %d len %zu\n", who, c->cmsg_level, c->cmsg_type,
               c->cmsg_len);
        if (c->cmsg_level == SOL_SOCKET || c->cmsg_type != recverr)
            continue;
        printf("%s error %u origin %u type %u code %u info %u data %u\n", who,
               e->ee_errno, e->ee_origin, e->ee_type, e->ee_code,
               e->ee_origin == SO_EE_ORIGIN_LOCAL ? e->ee_info > 1000
                                                  : e->ee_info,
               e->ee_data);
        say_address("offender", SO_EE_OFFENDER(e));
    }
}

static void queued(int fd, size_t room)
{
    char data[64] = {0};
    union any name = {0};
    uint64_t control[64];
    struct iovec iov = {data, sizeof(data)};
    struct msghdr m = {.msg_name = &name,
                       .msg_namelen = sizeof(name),
                       .msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = room ? control : NULL,
                       .msg_controllen = room};
    long n = recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT);

    if (n < 0) {
        printf("%s queue: %s\n", who, strerrorname_np(errno));
        return;
    }
    printf("%s queued, bytes: %ld\n", who, n);
    printf("%s flags %x name len %u\n", who, m.msg_flags & ~MSG_TRUNC,
           m.msg_namelen);
    say_address("to", &name.sa);
    if (room)
        say_control(&m);
}

#define W(expr)                                                                \
    do {                                                                       \
        printf("%s ", who);                                                    \
        P(expr);                                                               \
    } while (0)

static void connected(int family)
{
    int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    union any to = at(family, CLOSED);
    char byte;

    W(connect(fd, &to.sa, sizeof(to)));
    W(send(fd, "one", 3, 0));
    W(polled(fd));
    W(send(fd, "two", 3, 0));
    W(send(fd, "three", 5, 0));
    W(recv(fd, &byte, 1, 0));
    W(recv(fd, &byte, 1, 0));
    W(send(fd, "four", 4, 0));
    W(error_of(fd));
    W(error_of(fd));
    W(polled(fd));
    queued(fd, 512);
    close(fd);
}

static void queue(int family, int connect_it)
{
    int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    union any to = at(family, CLOSED), other = at(family, CLOSED + 1);
    char byte;

    W(set(fd, level, recverr, 1));
    if (connect_it)
        W(connect(fd, &to.sa, sizeof(to)));
    queued(fd, 512);
    W(sendto(fd, "one", 3, 0, &to.sa, sizeof(to)));
    W(polled(fd));
    W(error_of(fd));
    W(polled(fd));
    queued(fd, 512);
    queued(fd, 512);
    W(polled(fd));
    W(sendto(fd, "two", 3, 0, &to.sa, sizeof(to)));
    W(recv(fd, &byte, 1, 0));
    W(sendto(fd, "three", 5, 0, &other.sa, sizeof(to)));
    W(sendto(fd, "four", 4, 0, &to.sa, sizeof(to)));
    W(sendto(fd, "five", 4, 0, &to.sa, sizeof(to)));
    queued(fd, 0);
    W(recv(fd, &byte, 1, 0));
    queued(fd, 24);
    queued(fd, 512);
    queued(fd, 512);
    W(error_of(fd));
    W(sendto(fd, "six", 3, 0, &to.sa, sizeof(to)));
    W(set(fd, level, recverr, 0));
    W(polled(fd));
    queued(fd, 512);
    W(error_of(fd));
    close(fd);
}

/* An error comes before data that has arrived. */
static void order(int family)
{
    int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    union any to = at(family, CLOSED), self = at(family, 0);
    socklen_t len = sizeof(self);
    char byte;

    W(bind(fd, &self.sa, sizeof(self)));
    W(getsockname(fd, &self.sa, &len));
    W(set(fd, level, recverr, 1));
    W(sendto(fd, "x", 1, 0, &self.sa, len));
    W(sendto(fd, "y", 1, 0, &to.sa, sizeof(to)));
    W(polled(fd));
    W(recv(fd, &byte, 1, 0));
    W(recv(fd, &byte, 1, 0));
    W(polled(fd));
    queued(fd, 512);
    close(fd);
}

static void extras(int family)
{
    int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    union any to = at(family, CLOSED);

    W(set(fd, level, recverr, 1));
    W(set(fd, SOL_SOCKET, SO_TIMESTAMP, 1));
    W(set(fd, IPPROTO_IP, IP_PKTINFO, 1));
    W(set(fd, IPPROTO_IP, IP_RECVTTL, 1));
    W(set(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1));
    W(set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1));
    W(sendto(fd, "one", 3, 0, &to.sa, sizeof(to)));
    queued(fd, 512);
    close(fd);
}

static void waits(int family)
{
    int fd = socket(family, SOCK_DGRAM, 0), ep = epoll_create1(0);
    struct epoll_event ev = {.events = EPOLLIN | EPOLLET}, got = {0};
    union any to = at(family, CLOSED);
    char byte;

    W(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
    W(connect(fd, &to.sa, sizeof(to)));
    W(epoll_wait(ep, &got, 1, 0));
    W(send(fd, "x", 1, 0));
    W(epoll_wait(ep, &got, 1, 2000));
    W(got.events);
    W(epoll_wait(ep, &got, 1, 0));
    W(recv(fd, &byte, 1, 0));
    close(fd);
    close(ep);
}

static void too_long(int family)
{
    static char big[LONG];
    int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    union any to = at(family, CLOSED);

    W(set(fd, level, recverr, 1));
    W(sendto(fd, big, sizeof(big), 0, &to.sa, sizeof(to)));
    W(polled(fd));
    queued(fd, 512);
    W(recv(fd, big, 1, MSG_ERRQUEUE));
    close(fd);
}

static void streams(int family)
{
    int fd = socket(family, SOCK_STREAM, 0);
    union any to = at(family, CLOSED);
    char byte;

    W(set(fd, level, recverr, 1));
    W(connect(fd, &to.sa, sizeof(to)));
    W(recv(fd, &byte, 1, MSG_ERRQUEUE));
    close(fd);
}

/* A v6 socket that speaks to a v4 address. */
static void mapped(void)
{
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    union any to = at(AF_INET6, CLOSED);

    inet_pton(AF_INET6, "::ffff:127.0.0.1", &to.in6.sin6_addr);
    W(set(fd, level, recverr, 1));
    W(sendto(fd, "one", 3, 0, &to.sa, sizeof(to)));
    queued(fd, 512);
    W(set(fd, IPPROTO_IP, IP_RECVERR, 1));
    W(sendto(fd, "two", 3, 0, &to.sa, sizeof(to)));
    queued(fd, 512);
    close(fd);
}

static void stamps(int family, int opt)
{
    int fd = socket(family, SOCK_DGRAM, 0);
    union any self = at(family, 0);
    socklen_t len = sizeof(self);
    struct timeval tv;
    struct timespec ts;
    uint64_t control[32];
    char data[8];
    struct iovec iov = {data, sizeof(data)};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof(control)};
    struct cmsghdr *c;

    W(bind(fd, &self.sa, sizeof(self)));
    W(getsockname(fd, &self.sa, &len));
    W(ioctl(fd, 0x8906, &tv)); /* SIOCGSTAMP */
    W(set(fd, SOL_SOCKET, opt, 1));
    W(sendto(fd, "x", 1, 0, &self.sa, len));
    W(recvmsg(fd, &m, 0));
    c = CMSG_FIRSTHDR(&m);
    W(c != NULL);
    if (c) {
        long sec;

        memcpy(&sec, CMSG_DATA(c), sizeof(sec));
        clock_gettime(CLOCK_REALTIME, &ts);
        W(c->cmsg_type);
        W(c->cmsg_len);
        W(ts.tv_sec - sec >= 0 && ts.tv_sec - sec < 5);
    }
    close(fd);
    fd = socket(family, SOCK_DGRAM, 0);
    self = at(family, 0);
    W(bind(fd, &self.sa, sizeof(self)));
    W(getsockname(fd, &self.sa, &len));
    W(sendto(fd, "x", 1, 0, &self.sa, len));
    W(recv(fd, data, 1, 0));
    W(ioctl(fd, 0x8906, &tv));
    W(sendto(fd, "x", 1, 0, &self.sa, len));
    W(recv(fd, data, 1, 0));
    W(ioctl(fd, 0x8906, &tv));
    clock_gettime(CLOCK_REALTIME, &ts);
    W(ts.tv_sec - tv.tv_sec < 5);
    W(ioctl(fd, 0x8907, &ts)); /* SIOCGSTAMPNS */
    close(fd);
}

static void all(int family)
{
    level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
    recverr = family == AF_INET ? IP_RECVERR : IPV6_RECVERR;
    who = family == AF_INET ? "v4" : "v6";
    connected(family);
    queue(family, 0);
    queue(family, 1);
    order(family);
    extras(family);
    waits(family);
    if (family == AF_INET)
        too_long(family);
    streams(family);
    for (int opt = 63; opt < 65; opt++)
        stamps(family, opt);
    stamps(family, SO_TIMESTAMP);
    stamps(family, SO_TIMESTAMPNS);
}

int main(void)
{
    all(AF_INET);
    all(AF_INET6);
    who = "mapped";
    mapped();
    return 0;
}
