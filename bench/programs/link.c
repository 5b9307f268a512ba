/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link NAMESPACE DELAY_US LOSS_PERMILLE: two TUN devices, near0 here and far0
 * in the network namespace, with a path between them that delays each packet
 * by DELAY_US and loses LOSS_PERMILLE of those that go to far0. Runs until it
 * is ended. Losses come from a fixed sequence: all who send over a fresh link
 * meet the same.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { MAX_PACKET = 2048, QUEUE = 8192, NS_PER_US = 1000 };

struct packet {
    uint64_t due_ns;
    int len;
    char data[MAX_PACKET];
};

struct way {
    int from, to;
    uint32_t lost_permille;
    unsigned int head, tail; /* packets head..tail-1 are under way */
    struct packet queue[QUEUE];
};

static struct way ways[2];

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "link: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int open_tun(const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
        die(name);
    return fd;
}

/* One in a thousand numbers is below 1: xorshift, period 2^32 - 1. */
static uint32_t permille(void)
{
    static uint32_t state = 2463534242;

    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return (state >> 8) % 1000;
}

static void take(struct way *way, uint64_t delay_ns)
{
    while (way->tail - way->head < QUEUE) {
        struct packet *p = &way->queue[way->tail % QUEUE];

        p->len = (int)read(way->from, p->data, sizeof(p->data));
        if (p->len <= 0)
            return;
        p->due_ns = now_ns() + delay_ns;
        if (permille() >= way->lost_permille)
            way->tail++;
    }
}

/* Hands out what is due; when the next one is, or UINT64_MAX. */
static uint64_t deliver(struct way *way)
{
    while (way->head != way->tail) {
        struct packet *p = &way->queue[way->head % QUEUE];

        if (p->due_ns > now_ns())
            return p->due_ns;
        if (write(way->to, p->data, (size_t)p->len) < 0 && errno != EIO &&
            errno != EAGAIN && errno != EINVAL)
            die("write");
        way->head++;
    }
    return UINT64_MAX;
}

static void wait_until(uint64_t due_ns)
{
    struct pollfd fds[2] = {{.fd = ways[0].from, .events = POLLIN},
                            {.fd = ways[1].from, .events = POLLIN}};
    uint64_t now = now_ns(), wait_ns = due_ns > now ? due_ns - now : 0;
    struct timespec t = {.tv_sec = (time_t)(wait_ns / 1000000000),
                         .tv_nsec = (long)(wait_ns % 1000000000)};

    ppoll(fds, 2, due_ns == UINT64_MAX ? NULL : &t, NULL);
}

int main(int argc, char **argv)
{
    uint64_t delay_ns, due;
    int near, far, namespace;

    if (argc != 4) {
        fprintf(stderr, "usage: link NAMESPACE DELAY_US LOSS_PERMILLE\n");
        return 2;
    }
    near = open_tun("near0");
    namespace = open(argv[1], O_RDONLY);
    if (namespace < 0 || setns(namespace, CLONE_NEWNET) < 0)
        die(argv[1]);
    far = open_tun("far0");
    delay_ns = strtoull(argv[2], NULL, 10) * NS_PER_US;
    ways[0].from = ways[1].to = near;
    ways[1].from = ways[0].to = far;
    ways[0].lost_permille = (uint32_t)atoi(argv[3]);
    for (;;) {
        due = UINT64_MAX;
        for (int i = 0; i < 2; i++) {
            uint64_t next;

            take(&ways[i], delay_ns);
            next = deliver(&ways[i]);
            due = next < due ? next : due;
        }
        wait_until(due);
    }
}
