/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP and UDP over loopback, by the rules of the manual pages. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "check.h"

enum { TOTAL = 8 << 20 };

static int listener(int domain, struct sockaddr_storage *ss, socklen_t *len)
{
    int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    CHECK(fd >= 0);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0);
    memset(ss, 0, sizeof(*ss));
    ss->ss_family = (sa_family_t)domain;
    *len = domain == AF_INET ? sizeof(struct sockaddr_in)
                             : sizeof(struct sockaddr_in6);
    CHECK(bind(fd, (void *)ss, *len) == 0);
    CHECK(listen(fd, 16) == 0);
    CHECK(getsockname(fd, (void *)ss, len) == 0);
    return fd;
}

static struct sockaddr_in v4(const struct sockaddr_storage *ss)
{
    struct sockaddr_in sin = {.sin_family = AF_INET};

    sin.sin_port = ((const struct sockaddr_in *)ss)->sin_port;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return sin;
}

static unsigned char pattern(size_t i)
{
    return (unsigned char)(i * 2654435761u >> 13);
}

static void *writer(void *arg)
{
    static unsigned char buf[100000];
    int fd = *(int *)arg;

    for (size_t off = 0; off < TOTAL;) {
        size_t n = TOTAL - off < sizeof(buf) ? TOTAL - off : sizeof(buf);

        for (size_t i = 0; i < n; i++)
            buf[i] = pattern(off + i);
        CHECK(send(fd, buf, n, 0) == (ssize_t)n);
        off += n;
    }
    CHECK(shutdown(fd, SHUT_WR) == 0);
    return NULL;
}

static void pair_of(int domain, int *client, int *server)
{
    struct sockaddr_storage ss, peer;
    socklen_t len, peer_len = sizeof(peer);
    int l = listener(domain, &ss, &len);
    struct sockaddr_in to = v4(&ss);

    *client = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(*client, (void *)&to, sizeof(to)) == 0);
    *server = accept4(l, (void *)&peer, &peer_len, SOCK_CLOEXEC);
    CHECK(*server >= 0);
    CHECK(peer.ss_family == domain);
    close(l);
}

static void transfer(int domain)
{
    static unsigned char buf[65536];
    int client, server, waiting = -1;
    pthread_t t;
    size_t off = 0;
    ssize_t n;

    pair_of(domain, &client, &server);
    CHECK(pthread_create(&t, NULL, writer, &client) == 0);
    CHECK(recv(server, buf, 5, MSG_PEEK) == 5 && buf[4] == pattern(4));
    CHECK(recv(server, buf, 1000, MSG_WAITALL) == 1000);
    for (off = 0; off < 1000; off++)
        CHECK(buf[off] == pattern(off));
    CHECK(ioctl(server, FIONREAD, &waiting) == 0 && waiting >= 0);
    while ((n = read(server, buf, sizeof(buf))) > 0)
        for (ssize_t i = 0; i < n; i++, off++)
            CHECK(buf[i] == pattern(off));
    CHECK(n == 0 && off == TOTAL);
    CHECK(pthread_join(t, NULL) == 0);
    /* The other direction still works. */
    CHECK(write(server, "bye", 3) == 3);
    close(server);
    CHECK(read(client, buf, sizeof(buf)) == 3 && memcmp(buf, "bye", 3) == 0);
    CHECK(read(client, buf, sizeof(buf)) == 0);
    close(client);
}

static void refused(void)
{
    struct sockaddr_storage ss;
    socklen_t len;
    int l = listener(AF_INET, &ss, &len), fd, error = 0, flags;
    struct sockaddr_in to = v4(&ss);

    close(l);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(fd, (void *)&to, sizeof(to)) == -1 && errno == ECONNREFUSED);
    CHECK(send(fd, "x", 1, MSG_NOSIGNAL) == -1);
    CHECK(getpeername(fd, (void *)&ss, &len) == -1 && errno == ENOTCONN);
    CHECK(recv(fd, &error, 1, 0) == -1 && errno == ENOTCONN);
    close(fd);

    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    flags = connect(fd, (void *)&to, sizeof(to));
    CHECK(flags == -1 && (errno == EINPROGRESS || errno == ECONNREFUSED));
    close(fd);

    to.sin_port = 0; /* nobody listens there, but it is a port */
    fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(fd, (void *)&to, sizeof(to)) == -1 && errno == ECONNREFUSED);
    close(fd);
}

static volatile int pipes;

static void on_pipe(int sig)
{
    (void)sig;
    pipes++;
}

static void broken_pipe(void)
{
    int a, b;
    char c;

    signal(SIGPIPE, on_pipe);
    pair_of(AF_INET, &a, &b);
    CHECK(shutdown(a, SHUT_WR) == 0);
    CHECK(send(a, "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE && !pipes);
    CHECK(send(a, "x", 1, 0) == -1 && errno == EPIPE && pipes == 1);
    CHECK(read(b, &c, 1) == 0);
    close(a);
    close(b);
    a = socket(AF_INET, SOCK_STREAM, 0); /* never connected */
    CHECK(send(a, "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE && pipes == 1);
    CHECK(send(a, "x", 1, 0) == -1 && errno == EPIPE && pipes == 2);
    close(a);
}

static void limits(void)
{
    struct timeval tv = {.tv_usec = 50000};
    static char big[1 << 20];
    int a, b;
    ssize_t n, sum = 0;
    char c;

    pair_of(AF_INET, &a, &b);
    CHECK(setsockopt(b, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
    CHECK(read(b, &c, 1) == -1 && errno == EAGAIN);
    CHECK(recv(b, &c, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN);
    CHECK(fcntl(a, F_SETFL, O_NONBLOCK) == 0);
    while ((n = write(a, big, sizeof(big))) > 0)
        sum += n;
    CHECK(n == -1 && errno == EAGAIN && sum > 0);
    while (sum > 0) {
        n = read(b, big, sizeof(big));
        CHECK(n > 0);
        sum -= n;
    }
    close(a);
    close(b);
}

/* Many small segments wait for a reader who comes late. */
static void crumbs(void)
{
    int a, b, one = 1;
    size_t off = 0;

    pair_of(AF_INET, &a, &b);
    CHECK(setsockopt(a, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0);
    for (size_t i = 0; i < 9000; i++) {
        unsigned char c[3] = {pattern(3 * i), pattern(3 * i + 1),
                              pattern(3 * i + 2)};

        CHECK(write(a, c, 3) == 3);
    }
    close(a);
    for (;;) {
        unsigned char buf[1000];
        ssize_t n = read(b, buf, sizeof(buf));

        CHECK(n >= 0);
        if (!n)
            break;
        for (ssize_t i = 0; i < n; i++, off++)
            CHECK(buf[i] == pattern(off));
    }
    CHECK(off == 27000);
    close(b);
}

/* accept(2) ends when another thread shuts the listener down. */
static void *shut_later(void *arg)
{
    usleep(50000);
    CHECK(shutdown(*(int *)arg, SHUT_RDWR) == 0);
    return NULL;
}

static void stop_accepting(void)
{
    struct sockaddr_storage ss;
    socklen_t len;
    int l = listener(AF_INET, &ss, &len);
    pthread_t t;

    CHECK(pthread_create(&t, NULL, shut_later, &l) == 0);
    CHECK(accept(l, NULL, NULL) == -1 && errno == EINVAL);
    CHECK(pthread_join(t, NULL) == 0);
    close(l);
}

static void options(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), v = 1;
    socklen_t len = sizeof(v);
    struct linger l = {1, 5}, got;
    struct tcp_info info;

    CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &v, sizeof(v)) == 0);
    v = 0;
    CHECK(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &v, &len) == 0 && v == 1);
    v = 30;
    CHECK(setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &v, sizeof(v)) == 0);
    v = 0;
    CHECK(getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &v, &len) == 0 && v == 30);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)) == 0);
    len = sizeof(got);
    CHECK(getsockopt(fd, SOL_SOCKET, SO_LINGER, &got, &len) == 0);
    CHECK(got.l_onoff == 1 && got.l_linger == 5);
    len = sizeof(v);
    CHECK(getsockopt(fd, SOL_SOCKET, SO_TYPE, &v, &len) == 0 &&
          v == SOCK_STREAM);
    v = 100000;
    CHECK(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &v, sizeof(v)) == 0);
    CHECK(getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &v, &len) == 0 && v == 200000);
    len = sizeof(info);
    CHECK(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0);
    CHECK(info.tcpi_state == TCP_CLOSE);
    v = 1;
    CHECK(setsockopt(fd, 12345, 1, &v, sizeof(v)) == -1 &&
          errno == ENOPROTOOPT);
    CHECK(setsockopt(0, SOL_SOCKET, SO_REUSEADDR, &v, sizeof(v)) == -1 &&
          errno == ENOTSOCK);
    l.l_linger = 0;
    CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)) == 0);
    close(fd);
    CHECK(socket(77, SOCK_STREAM, 0) == -1 && errno == EAFNOSUPPORT);
}

static void udp(void)
{
    int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in me = {.sin_family = AF_INET}, from;
    socklen_t len = sizeof(me);
    char buf[16], control[64];
    struct iovec iov[2] = {{buf, 4}, {buf + 8, 4}};
    struct msghdr m = {.msg_name = &from,
                       .msg_namelen = sizeof(from),
                       .msg_iov = iov,
                       .msg_iovlen = 2,
                       .msg_control = control,
                       .msg_controllen = sizeof(control)};
    int one = 1;

    me.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(a, (void *)&me, sizeof(me)) == 0);
    CHECK(getsockname(a, (void *)&me, &len) == 0 && me.sin_port);
    CHECK(setsockopt(a, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)) == 0);
    CHECK(sendto(b, "0123456789", 10, 0, (void *)&me, sizeof(me)) == 10);
    CHECK(recv(a, buf, 2, MSG_PEEK | MSG_TRUNC) == 10);
    CHECK(recvmsg(a, &m, 0) == 8);
    CHECK(m.msg_flags & MSG_TRUNC);
    CHECK(memcmp(buf, "0123", 4) == 0 && memcmp(buf + 8, "4567", 4) == 0);
    CHECK(CMSG_FIRSTHDR(&m) && CMSG_FIRSTHDR(&m)->cmsg_type == IP_PKTINFO);
    CHECK(connect(a, (void *)&from, sizeof(from)) == 0);
    CHECK(connect(b, (void *)&me, sizeof(me)) == 0);
    CHECK(send(a, "", 0, 0) == 0);
    CHECK(recv(b, buf, sizeof(buf), 0) == 0);
    CHECK(recv(b, buf, sizeof(buf), MSG_DONTWAIT) == -1 && errno == EAGAIN);
    close(a);
    close(b);
}

static void in_use(void)
{
    struct sockaddr_storage ss;
    socklen_t len;
    int a = listener(AF_INET, &ss, &len), b = socket(AF_INET, SOCK_STREAM, 0);

    CHECK(bind(b, (void *)&ss, len) == -1 && errno == EADDRINUSE);
    ((struct sockaddr_in *)&ss)->sin_addr.s_addr = inet_addr("192.0.2.1");
    CHECK(bind(b, (void *)&ss, len) == -1 && errno == EADDRNOTAVAIL);
    close(a);
    close(b);
}

/* Without blocking a connection is always begun only, over loopback too. */
static void connect_nonblocking(void)
{
    struct sockaddr_storage ss;
    socklen_t len;
    int l = listener(AF_INET, &ss, &len), error = -1;
    int a = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in to = v4(&ss);
    struct pollfd p = {.fd = a, .events = POLLOUT};

    CHECK(connect(a, (void *)&to, sizeof(to)) == -1 && errno == EINPROGRESS);
    CHECK(poll(&p, 1, 5000) == 1 && p.revents == POLLOUT);
    len = sizeof(error);
    CHECK(getsockopt(a, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && !error);
    CHECK(connect(a, (void *)&to, sizeof(to)) == 0);
    CHECK(connect(a, (void *)&to, sizeof(to)) == -1 && errno == EISCONN);
    close(a);
    close(l);
    a = p.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK(connect(a, (void *)&to, sizeof(to)) == -1 && errno == EINPROGRESS);
    CHECK(poll(&p, 1, 5000) == 1 && (p.revents & POLLERR));
    CHECK(connect(a, (void *)&to, sizeof(to)) == -1 && errno == ECONNREFUSED);
    close(a);
}

static void *close_soon(void *arg)
{
    const int *fds = arg;

    usleep(50000);
    close(fds[0]);
    usleep(50000);
    CHECK(send(fds[1], "x", 1, 0) == 1);
    return NULL;
}

/* Who sleeps in a call keeps the socket, though its descriptor is gone. */
static void closed_while_reading(void)
{
    pthread_t thread;
    char byte = 0;
    int fds[2];

    pair_of(AF_INET, &fds[0], &fds[1]);
    CHECK(pthread_create(&thread, NULL, close_soon, fds) == 0);
    CHECK(read(fds[0], &byte, 1) == 1 && byte == 'x');
    pthread_join(thread, NULL);
    CHECK(read(fds[0], &byte, 1) == -1 && errno == EBADF);
    close(fds[1]);
}

int main(void)
{

    connect_nonblocking();
    closed_while_reading();
    transfer(AF_INET);
    transfer(AF_INET6);
    refused();
    broken_pipe();
    limits();
    crumbs();
    stop_accepting();
    options();
    udp();
    in_use();
    puts("ok");
    return 0;
}
