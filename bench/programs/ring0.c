/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ring0 WHAT N: N times one thing that platform "vm" does in ring 0, so that
 * two runs with different N show what one costs (bench/ring0). Prints
 * nanoseconds for each.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, SPREAD = 3 };

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static char *map(long pages, int fd)
{
    char *at = mmap(NULL, (size_t)pages * PAGE, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);

    if (at == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return at;
}

/* Every `step`-th page: neighbours are brought in together. */
static void touch(char *at, long n, int step)
{
    for (long i = 0; i < n; i++)
        at[i * step * PAGE] = 1;
}

static void sleeps(long n)
{
    struct timespec t = {.tv_nsec = 1000000};

    for (long i = 0; i < n; i++)
        nanosleep(&t, NULL);
}

/* The bridge: the first address of our network. */
static struct sockaddr_in bridge(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(1)};
    struct ifaddrs *list = NULL;

    getifaddrs(&list);
    for (struct ifaddrs *i = list; i; i = i->ifa_next) {
        struct sockaddr_in *own = (void *)i->ifa_addr;
        struct sockaddr_in *mask = (void *)i->ifa_netmask;

        if (own && own->sin_family == AF_INET &&
            ntohl(own->sin_addr.s_addr) >> 24 != 127)
            to.sin_addr.s_addr =
                (own->sin_addr.s_addr & mask->sin_addr.s_addr) | htonl(1);
    }
    return to;
}

/* Each refused connection is a frame out and a frame in. */
static void frames(long n)
{
    struct sockaddr_in to = bridge();

    for (long i = 0; i < n; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 ||
            errno != ECONNREFUSED) {
            perror("connect to the bridge, port 1");
            exit(1);
        }
        close(fd);
    }
}

/* As servers do with what they send: a file's pages mapped, read, unmapped. */
static void maps(long n)
{
    enum { PAGES = 7 };
    int fd = open("/proc/self/exe", O_RDONLY);

    for (long i = 0; i < n; i++) {
        volatile char *at =
            mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);

        if (at == MAP_FAILED) {
            perror("mmap");
            exit(1);
        }
        for (int page = 0; page < PAGES; page++)
            (void)at[page * PAGE];
        munmap((void *)at, PAGES * PAGE);
    }
}

int main(int argc, char **argv)
{
    long n = argc > 2 ? atol(argv[2]) : 0;
    const char *what = argc > 1 ? argv[1] : "";
    uint64_t start;
    char *at = NULL;

    if (!strcmp(what, "scattered") || !strcmp(what, "again"))
        at = map(n * SPREAD + 1, -1);
    else if (!strcmp(what, "row"))
        at = map(n + 1, -1);
    else if (!strcmp(what, "copy"))
        at = map(n + 1, open("/proc/self/exe", O_RDONLY));
    if (!strcmp(what, "again")) {
        touch(at, n, SPREAD);
        madvise(at, (size_t)(n * SPREAD + 1) * PAGE, MADV_DONTNEED);
    }
    start = now_ns();
    if (at)
        touch(at, n,
              !strcmp(what, "scattered") || !strcmp(what, "again") ? SPREAD
                                                                   : 1);
    else if (!strcmp(what, "sleep"))
        sleeps(n);
    else if (!strcmp(what, "maps"))
        maps(n);
    else if (!strcmp(what, "frames"))
        frames(n);
    if (n)
        printf("%.0f ns each\n", (double)(now_ns() - start) / (double)n);
    return 0;
}
