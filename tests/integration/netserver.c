/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What test_net.py talks to, by port: 7 echo (TCP and UDP), 9 reads and then
 * tells how much and its checksum, 19 sends a known pattern, 20 the same out of
 * a file by sendfile(2), 13 resets.
 * One thread for each connection.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATTERN_TOTAL = 100000000, FILE_TOTAL = 16 << 20, BUF = 1 << 18 };

static uint32_t fnv(uint32_t h, const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 16777619u;
    return h;
}

static void put_all(int fd, const void *data, size_t n)
{
    for (const char *p = data; n;) {
        ssize_t k = write(fd, p, n);

        if (k <= 0)
            return;
        p += k;
        n -= (size_t)k;
    }
}

static void echo(int fd, unsigned char *buf)
{
    ssize_t n;

    while ((n = read(fd, buf, BUF)) > 0)
        put_all(fd, buf, (size_t)n);
}

static void discard(int fd, unsigned char *buf)
{
    uint32_t h = 2166136261u;
    size_t sum = 0;
    ssize_t n;

    while ((n = read(fd, buf, BUF)) > 0) {
        h = fnv(h, buf, (size_t)n);
        sum += (size_t)n;
    }
    dprintf(fd, "%zu %08x\n", sum, h);
}

/* Four-byte little-endian counters. */
static void generate(int fd, unsigned char *buf)
{
    uint32_t *words = (void *)buf, next = 0;

    for (size_t left = PATTERN_TOTAL; left;) {
        size_t n = left < BUF ? left : BUF;

        for (size_t i = 0; i < BUF / 4; i++)
            words[i] = next++;
        put_all(fd, buf, n);
        left -= n;
    }
}

/* The pattern's beginning, as a file. */
static int pattern_file(unsigned char *buf)
{
    static int file = -1;
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    uint32_t *words = (void *)buf, next = 0;

    pthread_mutex_lock(&lock);
    if (file < 0) {
        file = memfd_create("pattern", 0);
        for (size_t left = FILE_TOTAL; left; left -= BUF) {
            for (size_t i = 0; i < BUF / 4; i++)
                words[i] = next++;
            put_all(file, buf, BUF);
        }
    }
    pthread_mutex_unlock(&lock);
    return file;
}

static void send_file(int fd, unsigned char *buf)
{
    int file = pattern_file(buf);
    off_t off = 0;

    while (off < FILE_TOTAL && sendfile(fd, file, &off, FILE_TOTAL - off) > 0)
        ;
}

static void reset(int fd, unsigned char *buf)
{
    struct linger l = {1, 0};

    if (read(fd, buf, 1) == 1)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
}

struct job {
    int fd;
    void (*fn)(int fd, unsigned char *buf);
};

static void *serve(void *arg)
{
    struct job job = *(struct job *)arg;
    unsigned char *buf = malloc(BUF);

    free(arg);
    /* Where Linux runs this to compare with, it is to do what we do. */
    setsockopt(job.fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
    if (buf)
        job.fn(job.fd, buf);
    close(job.fd);
    free(buf);
    return NULL;
}

static void start(int fd, void (*fn)(int, unsigned char *))
{
    struct job *job = malloc(sizeof(*job));
    pthread_attr_t attr;
    pthread_t t;

    *job = (struct job){fd, fn};
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&t, &attr, serve, job) != 0)
        serve(job);
}

static int bound(int type, uint16_t port)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6};
    int fd = socket(AF_INET6, type, 0), one = 1;

    a.sin6_port = htons(port);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (fd < 0 || bind(fd, (void *)&a, sizeof(a)) < 0) {
        perror("bind");
        exit(1);
    }
    return fd;
}

struct service {
    uint16_t port;
    void (*fn)(int fd, unsigned char *buf);
};

static void *accept_all(void *arg)
{
    const struct service *s = arg;
    int l = bound(SOCK_STREAM, s->port);

    if (listen(l, 1024) < 0) {
        perror("listen");
        exit(1);
    }
    for (;;) {
        int fd = accept(l, NULL, NULL);

        if (fd >= 0)
            start(fd, s->fn);
    }
    return NULL;
}

static void udp_echo(void)
{
    static unsigned char buf[65536];
    int fd = bound(SOCK_DGRAM, 7);

    for (;;) {
        struct sockaddr_in6 from;
        socklen_t len = sizeof(from);
        ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (void *)&from, &len);

        if (n >= 0)
            sendto(fd, buf, (size_t)n, 0, (void *)&from, len);
    }
}

int main(void)
{
    static struct service services[] = {
        {7, echo}, {9, discard}, {13, reset}, {19, generate}, {20, send_file},
    };
    pthread_t t;

    signal(SIGPIPE, SIG_IGN); /* clients may go when they have enough */
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
        pthread_create(&t, NULL, accept_all, &services[i]);
    udp_echo();
    return 0;
}
