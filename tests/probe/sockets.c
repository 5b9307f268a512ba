/* SPDX-License-Identifier: BSD-2-Clause */
/* Socket options and ioctls of real programs, on each kind of socket. */
#include "tests/probe/probe.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static const char *name;

static void get(int fd, int level, int opt, const char *text)
{
    int value[64] = {0};
    socklen_t len = sizeof(value);
    int ret = getsockopt(fd, level, opt, value, &len);

    if (ret < 0)
        printf("%s get %s: %s\n", name, text, strerrorname_np(errno));
    else
        printf("%s get %s: len %u value %d\n", name, text, len, value[0]);
}

static void set(int fd, int level, int opt, const char *text, int value)
{
    int ret = setsockopt(fd, level, opt, &value, sizeof(value));

    printf("%s set %s=%d: %s\n", name, text, value,
           ret < 0 ? strerrorname_np(errno) : "ok");
}

#define GET(level, opt) get(fd, level, opt, #opt)
#define SET(level, opt, value) set(fd, level, opt, #opt, value)
#define BOTH(level, opt, value)                                                \
    SET(level, opt, value);                                                    \
    GET(level, opt)

static void socket_level(int fd)
{
    struct linger linger = {1, 3};
    struct timeval tv = {2, 500000}, got = {0};
    socklen_t len = sizeof(got);

    GET(SOL_SOCKET, SO_TYPE);
    GET(SOL_SOCKET, SO_DOMAIN);
    GET(SOL_SOCKET, SO_PROTOCOL);
    GET(SOL_SOCKET, SO_ERROR);
    GET(SOL_SOCKET, SO_ACCEPTCONN);
    BOTH(SOL_SOCKET, SO_REUSEADDR, 5);
    BOTH(SOL_SOCKET, SO_REUSEPORT, 1);
    BOTH(SOL_SOCKET, SO_KEEPALIVE, 1);
    BOTH(SOL_SOCKET, SO_BROADCAST, 1);
    BOTH(SOL_SOCKET, SO_OOBINLINE, 1);
    BOTH(SOL_SOCKET, SO_PRIORITY, 3);
    BOTH(SOL_SOCKET, SO_RCVLOWAT, 10);
    BOTH(SOL_SOCKET, SO_SNDBUF, 20000);
    BOTH(SOL_SOCKET, SO_RCVBUF, 20000);
    BOTH(SOL_SOCKET, SO_RCVBUF, 1);
    BOTH(SOL_SOCKET, SO_TIMESTAMP, 1);
    BOTH(SOL_SOCKET, SO_DONTROUTE, 1);
    BOTH(SOL_SOCKET, SO_PASSCRED, 1);
    SET(SOL_SOCKET, SO_DEBUG, 0);
    GET(SOL_SOCKET, SO_DEBUG);
    SET(SOL_SOCKET, SO_BSDCOMPAT, 1);
    SET(SOL_SOCKET, SO_TIMESTAMPING, 0);
    GET(SOL_SOCKET, SO_TIMESTAMPING);
    BOTH(SOL_SOCKET, SO_TIMESTAMPNS, 1);
    GET(SOL_SOCKET, SO_TIMESTAMP);
    BOTH(SOL_SOCKET, SO_TIMESTAMPNS, 0);
    GET(SOL_SOCKET, SO_PEERNAME);
    GET(SOL_SOCKET, SO_BINDTODEVICE);
    SET(SOL_SOCKET, SO_BINDTODEVICE, 0);
    GET(SOL_SOCKET, SO_LOCK_FILTER);
    SET(SOL_SOCKET, SO_DETACH_FILTER, 0);
    SET(SOL_SOCKET, SO_CNX_ADVICE, 1);
    GET(SOL_SOCKET, SO_MAX_PACING_RATE);
    GET(SOL_SOCKET, SO_INCOMING_CPU);
    SET(SOL_SOCKET, SO_ZEROCOPY, 0);
    GET(SOL_SOCKET, SO_RESERVE_MEM);
    GET(SOL_SOCKET, SO_INCOMING_NAPI_ID);
    GET(SOL_SOCKET, SO_PEERCRED);
    GET(SOL_SOCKET, SO_COOKIE + 1000);
    SET(SOL_SOCKET, 0xffff, 1);
    SET(0xffff, 2, 1);
    P(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, "", 1));
    P(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, NULL, 4));
    P(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &len, -1));
    P(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
    P(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, 4));
    GET(SOL_SOCKET, SO_LINGER);
    P(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
    P(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &got, &len));
    printf("timeout %ld %ld\n", (long)got.tv_sec, (long)got.tv_usec);
    P(getsockopt(fd, SOL_SOCKET, SO_TYPE, &got, NULL));
    len = 1;
    P(getsockopt(fd, SOL_SOCKET, SO_TYPE, &got, &len));
    printf("len %u\n", len);
}

static void ip_level(int fd)
{
    BOTH(SOL_IP, IP_TOS, 0x10);
    BOTH(SOL_IP, IP_TTL, 33);
    BOTH(SOL_IP, IP_TTL, 300);
    BOTH(SOL_IP, IP_RECVTOS, 1);
    BOTH(SOL_IP, IP_RECVTTL, 1);
    BOTH(SOL_IP, IP_FREEBIND, 1);
    BOTH(SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
    BOTH(SOL_IP, IP_MTU_DISCOVER, 5);
    BOTH(SOL_IP, IP_MTU_DISCOVER, 9);
    BOTH(SOL_IP, IP_PKTINFO, 1);
    BOTH(SOL_IP, IP_RECVERR, 1);
    BOTH(SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    BOTH(SOL_IP, IP_MULTICAST_TTL, 4);
    BOTH(SOL_IP, IP_MULTICAST_LOOP, 1);
    GET(SOL_IP, IP_MTU);
    BOTH(SOL_IPV6, IPV6_V6ONLY, 1);
    BOTH(SOL_IPV6, IPV6_UNICAST_HOPS, 20);
    BOTH(SOL_IPV6, IPV6_RECVPKTINFO, 1);
    BOTH(SOL_IPV6, IPV6_TCLASS, 8);
    BOTH(SOL_IPV6, IPV6_RECVTCLASS, 1);
    BOTH(SOL_IPV6, IPV6_RECVHOPLIMIT, 1);
    BOTH(SOL_IPV6, IPV6_MTU_DISCOVER, 0);
    BOTH(SOL_IPV6, IPV6_RECVERR, 1);
    BOTH(SOL_IPV6, IPV6_MULTICAST_HOPS, 3);
}

static void tcp_level(int fd)
{
    BOTH(SOL_TCP, TCP_NODELAY, 1);
    BOTH(SOL_TCP, TCP_CORK, 1);
    BOTH(SOL_TCP, TCP_CORK, 0);
    BOTH(SOL_TCP, TCP_KEEPIDLE, 100);
    BOTH(SOL_TCP, TCP_KEEPIDLE, 0);
    BOTH(SOL_TCP, TCP_KEEPIDLE, 40000);
    BOTH(SOL_TCP, TCP_KEEPINTVL, 7);
    BOTH(SOL_TCP, TCP_KEEPCNT, 5);
    BOTH(SOL_TCP, TCP_KEEPCNT, 200);
    BOTH(SOL_TCP, TCP_FASTOPEN, 256);
    BOTH(SOL_TCP, TCP_DEFER_ACCEPT, 1);
    BOTH(SOL_TCP, TCP_USER_TIMEOUT, 5000);
    BOTH(SOL_TCP, TCP_QUICKACK, 1);
    BOTH(SOL_TCP, TCP_MAXSEG, 1000);
    SET(SOL_TCP, TCP_MAXSEG, 5);
    BOTH(SOL_TCP, TCP_WINDOW_CLAMP, 30000);
    BOTH(SOL_TCP, TCP_LINGER2, 9);
    BOTH(SOL_TCP, TCP_SYNCNT, 4);
    BOTH(SOL_TCP, TCP_NOTSENT_LOWAT, 16384);
    SET(SOL_TCP, TCP_SYNCNT, 400);
    SET(SOL_TCP, 9999, 4);
}

static void ioctls(int fd)
{
    struct ifreq r = {0};
    struct ifconf c = {0};
    int n = -1;

    P(ioctl(fd, FIONREAD, &n));
    printf("%s unread %d\n", name, n);
    P(ioctl(fd, SIOCOUTQ, &n));
    n = 1;
    P(ioctl(fd, FIONBIO, &n));
    printf("%s nonblock %d\n", name, (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    P(ioctl(fd, FIOCLEX));
    P(fcntl(fd, F_GETFD));
    P(ioctl(fd, FIONCLEX));
    P(fcntl(fd, F_GETFD));
    P(ioctl(fd, FIOASYNC, &n));
    n = 0;
    P(ioctl(fd, FIOASYNC, &n));
    n = getpid();
    P(ioctl(fd, FIOSETOWN, &n));
    P(ioctl(fd, SIOCGPGRP, &n));
    P(n == getpid() && fcntl(fd, F_GETOWN) == n);
    n = 999999;
    P(ioctl(fd, SIOCSPGRP, &n));
    n = 0;
    P(ioctl(fd, SIOCSPGRP, &n));
    P(ioctl(fd, FIOGETOWN, &n));
    P(n);
    P(ioctl(fd, FIOGETOWN, 8));
    P(ioctl(fd, 0x5401, &r)); /* TCGETS */
    P(ioctl(fd, TIOCGWINSZ, &r));
    P(ioctl(fd, SIOCGIFCONF, &c));
    strcpy(r.ifr_name, "lo");
    P(ioctl(fd, SIOCGIFFLAGS, &r));
    printf("lo flags %x\n", r.ifr_flags);
    P(ioctl(fd, SIOCGIFMTU, &r));
    printf("lo mtu %d\n", r.ifr_mtu);
    P(ioctl(fd, SIOCGIFINDEX, &r));
    P(ioctl(fd, SIOCGIFADDR, &r));
    P(ioctl(fd, SIOCGIFHWADDR, &r));
    r.ifr_ifindex = 1;
    P(ioctl(fd, SIOCGIFNAME, &r));
    strcpy(r.ifr_name, "nosuch");
    P(ioctl(fd, SIOCGIFFLAGS, &r));
    P(ioctl(fd, 0x89ff, &r));
    P(ioctl(fd, 0x12345678, &r));
}

static void states(int domain, int type)
{
    int fd = socket(domain, type, 0);
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr *sa =
        domain == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    socklen_t len = domain == AF_INET ? sizeof(v4) : sizeof(v6), room = 0;
    struct sockaddr_storage out;
    struct epoll_event ev = {.events = EPOLLIN};
    struct pollfd pfd = {.fd = fd, .events = POLLIN | POLLOUT};
    int ep = epoll_create1(0);
    char c;

    P(fd >= 0);
    P(getpeername(fd, (struct sockaddr *)&out, &room));
    P(getsockname(fd, (struct sockaddr *)&out, &room));
    P(room);
    P(listen(fd, 5) == 0 || errno == EOPNOTSUPP);
    P(poll(&pfd, 1, 0));
    P(pfd.revents);
    P(recv(fd, &c, 1, MSG_DONTWAIT));
    P(shutdown(fd, SHUT_RD));
    P(shutdown(fd, 9));
    P(bind(fd, sa, 3));
    P(bind(fd, sa, len));
    P(bind(fd, sa, len));
    P(accept4(fd, NULL, NULL, 0x40000));
    P(accept4(fd, NULL, NULL, SOCK_NONBLOCK) == -1 ? errno != 0 : 0);
    P(connect(fd, sa, 1));
    P(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
    P(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
    P(epoll_ctl(ep, EPOLL_CTL_MOD, fd, &ev));
    P(epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL));
    P(epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL));
    P(sendto(fd, "x", 1, MSG_OOB, NULL, 0) == -1);
    P(lseek(fd, 0, SEEK_SET));
    P(pread(fd, &c, 1, 0));
    P(ftruncate(fd, 0));
    P(fsync(fd));
    close(ep);
    close(fd);
}

/* What recv(2) says of streams with nothing and with something to read. */
static void reads(int domain)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    int p[2], l = socket(AF_INET, SOCK_STREAM, 0);
    struct pollfd in;
    char b[16] = {0};

    P(bind(l, (void *)&a, len));
    P(listen(l, 1));
    P(getsockname(l, (void *)&a, &len));
    if (domain == AF_UNIX) {
        P(socketpair(AF_UNIX, SOCK_STREAM, 0, p) < 0);
    } else {
        p[0] = socket(AF_INET, SOCK_STREAM, 0);
        P(connect(p[0], (void *)&a, len));
        p[1] = accept(l, NULL, NULL);
    }
    in = (struct pollfd){.fd = p[1], .events = POLLIN};
    P(recv(p[1], b, 0, MSG_DONTWAIT));
    P(read(p[1], b, 0));
    P(recv(p[1], b, 1, MSG_DONTWAIT));
    P(send(p[0], "0123456789", 10, 0));
    P(poll(&in, 1, 1000));
    P(recv(p[1], b, 0, 0));
    P(recv(p[1], b, 4, MSG_TRUNC | MSG_DONTWAIT));
    P(b[0]);
    P(recv(p[1], b, 1, MSG_PEEK | MSG_TRUNC));
    P(recv(p[1], b, sizeof(b), MSG_DONTWAIT));
    P(b[0]);
    P(recv(p[1], b, sizeof(b), MSG_TRUNC | MSG_DONTWAIT));
    P(recv(p[1], b, 0, MSG_PEEK | MSG_DONTWAIT));
    P(shutdown(p[0], SHUT_WR));
    P(poll(&in, 1, 1000));
    P(recv(p[1], b, 0, MSG_DONTWAIT));
    P(recv(p[1], b, 1, MSG_DONTWAIT));
    close(p[0]);
    close(p[1]);
    close(l);
}

int main(void)
{
    static const struct {
        const char *name;
        int domain, type;
    } kinds[] = {
        {"tcp", AF_INET, SOCK_STREAM},       {"tcp6", AF_INET6, SOCK_STREAM},
        {"udp", AF_INET, SOCK_DGRAM},        {"udp6", AF_INET6, SOCK_DGRAM},
        {"unix", AF_UNIX, SOCK_STREAM},      {"unixdg", AF_UNIX, SOCK_DGRAM},
        {"unixsp", AF_UNIX, SOCK_SEQPACKET},
    };

    signal(SIGPIPE, SIG_IGN);
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        int fd = socket(kinds[i].domain, kinds[i].type, 0);

        name = kinds[i].name;
        printf("---- %s\n", name);
        socket_level(fd);
        ip_level(fd);
        tcp_level(fd);
        ioctls(fd);
        close(fd);
    }
    states(AF_INET, SOCK_STREAM);
    states(AF_INET6, SOCK_STREAM);
    states(AF_INET, SOCK_DGRAM);
    states(AF_INET6, SOCK_DGRAM);
    P(socket(AF_INET, 0x7ff, 0));
    P(socket(AF_INET, SOCK_STREAM, 255));
    P(socket(AF_INET, SOCK_STREAM, 17));
    P(socket(9999, SOCK_STREAM, 0));
    P(socket(AF_UNIX, SOCK_STREAM, 3));
    P(socketpair(AF_INET, SOCK_STREAM, 0, (int[2]){0}));
    P(socketpair(AF_UNIX, SOCK_STREAM, 0, NULL));
    reads(AF_INET);
    reads(AF_UNIX);
    return 0;
}
