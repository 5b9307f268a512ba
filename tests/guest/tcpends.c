/* SPDX-License-Identifier: BSD-2-Clause */
/* What is read of a connection that the peer has ended, in order or not. */
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/guest/check.h"

static int listener;
static struct sockaddr_in address;

static void listen_somewhere(void)
{
    socklen_t len = sizeof(address);

    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(listener, (void *)&address, len) == 0);
    CHECK(listen(listener, 5) == 0);
    CHECK(getsockname(listener, (void *)&address, &len) == 0);
}

static int connected(int *peer)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK(connect(fd, (void *)&address, sizeof(address)) == 0);
    *peer = accept(listener, NULL, NULL);
    CHECK(*peer >= 0);
    return fd;
}

static void await(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};

    while (poll(&p, 1, -1) == 1 && !(p.revents & (events | POLLERR)))
        ;
}

static int error_of(int fd)
{
    socklen_t len = sizeof(int);
    int error = -1;

    CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0);
    return error;
}

/* The peer finishes, then resets since we write on: what it sent, then the
 * end is read, and the error is the writer's. */
static void reset_after_fin(void)
{
    int peer, fd = connected(&peer);
    char buf[8];

    CHECK(write(peer, "last", 4) == 4);
    close(peer);
    await(fd, POLLRDHUP);
    CHECK(write(fd, "more", 4) == 4);
    await(fd, 0);
    CHECK(read(fd, buf, sizeof(buf)) == 4 && memcmp(buf, "last", 4) == 0);
    CHECK(read(fd, buf, sizeof(buf)) == 0);
    CHECK(read(fd, buf, sizeof(buf)) == 0);
    CHECK(error_of(fd) == EPIPE);
    CHECK(error_of(fd) == 0);
    CHECK(write(fd, "again", 5) == -1 && errno == EPIPE);
    CHECK(read(fd, buf, sizeof(buf)) == 0);
    close(fd);
}

static void reset_alone(void)
{
    struct linger now = {1, 0};
    int peer, fd = connected(&peer);
    char buf[8];

    CHECK(setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now)) == 0);
    close(peer);
    await(fd, 0);
    CHECK(read(fd, buf, sizeof(buf)) == -1 && errno == ECONNRESET);
    CHECK(read(fd, buf, sizeof(buf)) == 0);
    CHECK(write(fd, "again", 5) == -1 && errno == EPIPE);
    close(fd);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    listen_somewhere();
    reset_after_fin();
    reset_alone();
    puts("tcpends: ok");
    return 0;
}
