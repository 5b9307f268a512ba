/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queries SERVER PORT NAMES RATE SECONDS SOCKETS: asks for the A records of
 * n0.bench ... n(NAMES-1).bench, RATE a second, from so many sockets in turns,
 * and prints how many were asked and how many answered. It hands the kernel
 * many packets with one call, so that it costs less than what it asks:
 * dnsperf's own processor is at its limit before the servers' are.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
    BATCH = 32,
    QUERY_MAX = 64,
    ANSWER_MAX = 512,
    HEADER = 12,
    SOCKETS_MAX = 256,
    ROOM = 8 << 20,
    DRAIN_NS = 300000000,
    NS_PER_S = 1000000000,
    TYPE_A = 1,
    CLASS_IN = 1,
};

static int sockets[SOCKETS_MAX], nr_sockets;
static unsigned nr_names;
static uint64_t asked, answered;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "queries: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* RFC 1035, section 4.1: header, then the labels of the name, type, class. */
static size_t write_query(uint8_t *q, uint64_t number)
{
    static const uint8_t header[HEADER] = {[2] = 1 /* RD */, [5] = 1};
    static const uint8_t rest[] = "\5bench\0\0\1\0\1";
    int len;

    memcpy(q, header, HEADER);
    q[0] = (uint8_t)(number >> 8);
    q[1] = (uint8_t)number;
    len = sprintf((char *)q + HEADER + 1, "n%u", (unsigned)(number % nr_names));
    q[HEADER] = (uint8_t)len;
    memcpy(q + HEADER + 1 + len, rest, sizeof(rest) - 1);
    return HEADER + 1 + (size_t)len + sizeof(rest) - 1;
}

static void ask(int fd, unsigned nr)
{
    static uint8_t text[BATCH][QUERY_MAX];
    struct mmsghdr msgs[BATCH] = {0};
    struct iovec iov[BATCH];
    int sent;

    for (unsigned i = 0; i < nr; i++) {
        iov[i] = (struct iovec){text[i], write_query(text[i], asked + i)};
        msgs[i].msg_hdr.msg_iov = &iov[i];
        msgs[i].msg_hdr.msg_iovlen = 1;
    }
    sent = sendmmsg(fd, msgs, nr, 0);
    if (sent < 0 && errno != EAGAIN && errno != ENOBUFS)
        die("sendmmsg");
    asked += sent > 0 ? (uint64_t)sent : 0;
}

/* An answer with records (ANCOUNT) and without an error (RCODE) counts. */
static void take_answers(int fd)
{
    static uint8_t text[BATCH][ANSWER_MAX];
    struct mmsghdr msgs[BATCH] = {0};
    struct iovec iov[BATCH];
    int got;

    for (unsigned i = 0; i < BATCH; i++) {
        iov[i] = (struct iovec){text[i], ANSWER_MAX};
        msgs[i].msg_hdr.msg_iov = &iov[i];
        msgs[i].msg_hdr.msg_iovlen = 1;
    }
    got = recvmmsg(fd, msgs, BATCH, MSG_DONTWAIT, NULL);
    if (got < 0 && errno != EAGAIN)
        die("recvmmsg");
    for (int i = 0; i < got; i++)
        answered += msgs[i].msg_len > HEADER && (text[i][3] & 15) == 0 &&
                    text[i][7] != 0;
}

static void open_sockets(const char *server, const char *port, int nr)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(port))};
    int room = ROOM;

    if (nr < 1 || nr > SOCKETS_MAX || inet_aton(server, &to.sin_addr) == 0) {
        errno = EINVAL;
        die("arguments");
    }
    for (nr_sockets = 0; nr_sockets < nr; nr_sockets++) {
        int fd = socket(AF_INET, SOCK_DGRAM, 0);

        if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
            die(server);
        if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
            die("SO_RCVBUFFORCE");
        sockets[nr_sockets] = fd;
    }
}

static void run(uint64_t rate, uint64_t seconds)
{
    uint64_t start = now_ns(), end = start + seconds * NS_PER_S, now = start;

    for (unsigned turn = 0; now < end + DRAIN_NS; turn++, now = now_ns()) {
        int fd = sockets[turn % (unsigned)nr_sockets];
        uint64_t due = (now - start) * rate / NS_PER_S;

        if (now < end && due > asked)
            ask(fd, due - asked < BATCH ? (unsigned)(due - asked) : BATCH);
        take_answers(fd);
    }
}

int main(int argc, char **argv)
{
    uint64_t rate, seconds;

    if (argc != 7) {
        fprintf(stderr,
                "usage: queries SERVER PORT NAMES RATE SECONDS SOCKETS\n");
        return 2;
    }
    nr_names = (unsigned)atoi(argv[3]);
    rate = strtoull(argv[4], NULL, 10);
    seconds = strtoull(argv[5], NULL, 10);
    open_sockets(argv[1], argv[2], atoi(argv[6]));
    if (!nr_names || !rate || !seconds) {
        errno = EINVAL;
        die("arguments");
    }
    run(rate, seconds);
    printf("%llu %llu\n", (unsigned long long)asked,
           (unsigned long long)answered);
    return 0;
}
