/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ring0 WHAT N: N times one thing that platform "vm" does in ring 0, so that
 * two runs with different N show what one costs (bench/ring0). Prints
 * nanoseconds for each.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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

static void spin(long ticks)
{
    uint64_t end = now_ns() + (uint64_t)ticks * 1000000u;

    while (now_ns() < end)
        ;
}

static void sleeps(long n)
{
    struct timespec t = {.tv_nsec = 1000000};

    for (long i = 0; i < n; i++)
        nanosleep(&t, NULL);
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
    else if (!strcmp(what, "tick"))
        spin(n);
    else if (!strcmp(what, "sleep"))
        sleeps(n);
    if (n)
        printf("%.0f ns each\n", (double)(now_ns() - start) / (double)n);
    return 0;
}
