/* SPDX-License-Identifier: BSD-2-Clause */
/* SO_REUSEPORT (socket(7)): several sockets share one address and what comes
 * to it; each peer stays with one of them. */
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

enum { PEERS = 64 };

static struct sockaddr_in address;

static int sharer(int type, int share)
{
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, type, 0);

    CHECK(fd >= 0);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &share, sizeof(share)) == 0);
    if (bind(fd, (void *)&address, len) < 0) {
        CHECK(errno == EADDRINUSE);
        close(fd);
        return -1;
    }
    if (type == SOCK_STREAM)
        CHECK(listen(fd, PEERS) == 0);
    CHECK(getsockname(fd, (void *)&address, &len) == 0);
    return fd;
}

static void start_over(void)
{
    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

/* Connects to the listeners and accepts: how many came to the first? */
static int accepted_by(int a, int b)
{
    int first = 0;

    for (int i = 0; i < PEERS; i++) {
        int c = socket(AF_INET, SOCK_STREAM, 0), s;
        struct pollfd fds[2] = {{a, POLLIN, 0}, {b, POLLIN, 0}};

        CHECK(connect(c, (void *)&address, sizeof(address)) == 0);
        CHECK(poll(fds, 2, 5000) == 1);
        s = accept(fds[0].revents ? a : b, NULL, NULL);
        CHECK(s >= 0);
        first += fds[0].revents != 0;
        close(c);
        close(s);
    }
    return first;
}

static void streams(void)
{
    int a, b, c, n;

    start_over();
    a = sharer(SOCK_STREAM, 1);
    b = sharer(SOCK_STREAM, 1);
    CHECK(a >= 0 && b >= 0);
    CHECK(sharer(SOCK_STREAM, 0) == -1);
    n = accepted_by(a, b);
    CHECK(n > 0 && n < PEERS);
    close(a);
    CHECK(accepted_by(b, -1) == PEERS);
    c = sharer(SOCK_STREAM, 1);
    close(b);
    CHECK(accepted_by(c, -1) == PEERS);
    close(c);
    c = sharer(SOCK_STREAM, 0);
    CHECK(c >= 0);
    CHECK(sharer(SOCK_STREAM, 1) == -1);
    close(c);
}

static void datagrams(void)
{
    int a, b, first = 0;
    char byte;

    start_over();
    a = sharer(SOCK_DGRAM, 1);
    b = sharer(SOCK_DGRAM, 1);
    CHECK(a >= 0 && b >= 0);
    CHECK(sharer(SOCK_DGRAM, 0) == -1);
    for (int i = 0; i < PEERS; i++) {
        struct pollfd fds[2] = {{a, POLLIN, 0}, {b, POLLIN, 0}};
        int c = socket(AF_INET, SOCK_DGRAM, 0), home;

        CHECK(sendto(c, "x", 1, 0, (void *)&address, sizeof(address)) == 1);
        CHECK(poll(fds, 2, 5000) == 1);
        home = fds[0].revents ? a : b;
        first += home == a;
        CHECK(recv(home, &byte, 1, 0) == 1);
        CHECK(sendto(c, "y", 1, 0, (void *)&address, sizeof(address)) == 1);
        CHECK(recv(home, &byte, 1, 0) == 1 && byte == 'y');
        close(c);
    }
    CHECK(first > 0 && first < PEERS);
    close(a);
    close(b);
}

int main(void)
{
    streams();
    datagrams();
    puts("ok");
    return 0;
}
