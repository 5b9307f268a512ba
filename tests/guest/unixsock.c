/* SPDX-License-Identifier: BSD-2-Clause */
/* AF_UNIX sockets: names, streams, messages, files and credentials. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "check.h"

static char path[64];

static struct sockaddr_un name(const char *text, socklen_t *len)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    size_t n = text[0] == '@' ? strlen(text) : strlen(text) + 1;

    memcpy(un.sun_path, text, n);
    if (text[0] == '@')
        un.sun_path[0] = 0;
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    return un;
}

static void stream(const char *where)
{
    socklen_t len, got_len;
    struct sockaddr_un un = name(where, &len), got;
    int l = socket(AF_UNIX, SOCK_STREAM, 0), c, s;
    struct ucred cred;
    struct pollfd p;
    char buf[32];

    c = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(connect(c, (void *)&un, len) == -1);
    CHECK(errno == (where[0] == '@' ? ECONNREFUSED : ENOENT));
    CHECK(bind(l, (void *)&un, len) == 0);
    CHECK(connect(c, (void *)&un, len) == -1 && errno == ECONNREFUSED);
    CHECK(listen(l, 4) == 0);
    CHECK(connect(c, (void *)&un, len) == 0);
    CHECK(write(c, "early", 5) == 5);
    got_len = sizeof(got);
    s = accept(l, (void *)&got, &got_len);
    CHECK(s >= 0 && got_len == sizeof(sa_family_t));
    got_len = sizeof(got);
    CHECK(getpeername(c, (void *)&got, &got_len) == 0 && got_len == len);
    CHECK(memcmp(&got, &un, len) == 0);
    CHECK(read(s, buf, sizeof(buf)) == 5);
    got_len = sizeof(cred);
    CHECK(getsockopt(c, SOL_SOCKET, SO_PEERCRED, &cred, &got_len) == 0);
    CHECK(cred.pid == getpid() && cred.uid == geteuid());
    p = (struct pollfd){.fd = s, .events = POLLIN | POLLRDHUP};
    close(c);
    CHECK(poll(&p, 1, 1000) == 1);
    CHECK((p.revents & (POLLIN | POLLHUP | POLLRDHUP)) ==
          (POLLIN | POLLHUP | POLLRDHUP));
    CHECK(read(s, buf, sizeof(buf)) == 0);
    CHECK(send(s, "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE);
    close(s);
    c = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(bind(c, (void *)&un, len) == -1 && errno == EADDRINUSE);
    close(c);
    close(l);
    if (where[0] != '@')
        CHECK(unlink(where) == 0);
}

static void send_fd(int via, int fd)
{
    union {
        struct cmsghdr hdr;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.hdr = {.cmsg_len = CMSG_LEN(sizeof(int)),
                         .cmsg_level = SOL_SOCKET,
                         .cmsg_type = SCM_RIGHTS}};
    struct iovec iov = {"f", 1};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof(control)};

    memcpy(CMSG_DATA(&control.hdr), &fd, sizeof(fd));
    CHECK(sendmsg(via, &m, 0) == 1);
}

static int recv_fd(int via)
{
    union {
        struct cmsghdr hdr;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    char byte;
    struct iovec iov = {&byte, 1};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof(control)};
    int fd;

    CHECK(recvmsg(via, &m, MSG_CMSG_CLOEXEC) == 1);
    CHECK(CMSG_FIRSTHDR(&m) && control.hdr.cmsg_type == SCM_RIGHTS);
    CHECK(!(m.msg_flags & MSG_CTRUNC));
    memcpy(&fd, CMSG_DATA(&control.hdr), sizeof(fd));
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
    return fd;
}

static void files(void)
{
    int pair[2], ends[2], fd;
    char c = 0;

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK(pipe(ends) == 0);
    send_fd(pair[0], ends[1]);
    close(ends[1]);
    fd = recv_fd(pair[1]);
    CHECK(write(fd, "p", 1) == 1);
    close(fd);
    CHECK(read(ends[0], &c, 1) == 1 && c == 'p');
    CHECK(read(ends[0], &c, 1) == 0); /* no writer is left anywhere */
    close(ends[0]);
    close(pair[0]);
    close(pair[1]);
}

static void messages(int type)
{
    int pair[2];
    char buf[8];
    struct iovec iov = {buf, sizeof(buf)};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

    CHECK(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, pair) == 0);
    CHECK(write(pair[0], "one", 3) == 3);
    CHECK(write(pair[0], "a long message", 14) == 14);
    CHECK(read(pair[1], buf, sizeof(buf)) == 3);
    CHECK(recvmsg(pair[1], &m, 0) == 8 && (m.msg_flags & MSG_TRUNC));
    CHECK(read(pair[1], buf, sizeof(buf)) == -1 && errno == EAGAIN);
    close(pair[0]);
    if (type == SOCK_SEQPACKET)
        CHECK(read(pair[1], buf, sizeof(buf)) == 0);
    close(pair[1]);
}

static void datagrams(void)
{
    socklen_t len, from_len;
    struct sockaddr_un a_name = name("@dgram-a", &len), from;
    int a = socket(AF_UNIX, SOCK_DGRAM, 0), b = socket(AF_UNIX, SOCK_DGRAM, 0);
    char buf[8];

    CHECK(bind(a, (void *)&a_name, len) == 0);
    CHECK(bind(b, (void *)&a_name, sizeof(sa_family_t)) == 0); /* autobind */
    CHECK(sendto(b, "hi", 2, 0, (void *)&a_name, len) == 2);
    from_len = sizeof(from);
    CHECK(recvfrom(a, buf, 8, 0, (void *)&from, &from_len) == 2);
    CHECK(from_len == sizeof(sa_family_t) + 6 && !from.sun_path[0]);
    CHECK(sendto(a, "yo", 2, 0, (void *)&from, from_len) == 2);
    CHECK(read(b, buf, 8) == 2 && memcmp(buf, "yo", 2) == 0);
    CHECK(connect(b, (void *)&a_name, len) == 0);
    close(a);
    CHECK(send(b, "x", 1, 0) == -1 && errno == ECONNREFUSED);
    close(b);
}

static void *slow_reader(void *arg)
{
    static char buf[4096];
    int fd = *(int *)arg;
    size_t sum = 0;
    ssize_t n;

    while ((n = read(fd, buf, sizeof(buf))) > 0)
        sum += (size_t)n;
    return (void *)sum;
}

static void flow(void)
{
    static char big[3 << 20];
    int pair[2];
    pthread_t t;
    void *sum;

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK(pthread_create(&t, NULL, slow_reader, &pair[1]) == 0);
    CHECK(write(pair[0], big, sizeof(big)) == sizeof(big));
    CHECK(shutdown(pair[0], SHUT_WR) == 0);
    CHECK(pthread_join(t, &sum) == 0 && (size_t)sum == sizeof(big));
    close(pair[0]);
    close(pair[1]);
}

static void fstat_says_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct stat st;

    CHECK(fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode));
    CHECK(lseek(fd, 0, SEEK_SET) == -1 && errno == ESPIPE);
    close(fd);
}

int main(void)
{
    snprintf(path, sizeof(path), "/tmp/unixsock.%d", (int)getpid());
    stream(path);
    stream("@abstract");
    files();
    messages(SOCK_SEQPACKET);
    messages(SOCK_DGRAM);
    datagrams();
    flow();
    fstat_says_socket();
    puts("ok");
    return 0;
}
