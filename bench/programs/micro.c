/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * micro [SECONDS]: costs of single operations, each repeated for about SECONDS
 * (0.1). Prints JSON, nanoseconds for one operation.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, TOUCHED_PAGES = 256 };

static double seconds = 0.1;
static int null_fd, event_fd, epoll_fd, pipe_fds[2];
static _Atomic int turn;

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void must(int ok, const char *what)
{
    if (!ok) {
        perror(what);
        exit(1);
    }
}

static void do_getppid(void)
{
    getppid();
}

static void do_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
}

static void do_write_null(void)
{
    must(write(null_fd, "x", 1) == 1, "write /dev/null");
}

static void do_stat(void)
{
    struct stat st;

    must(stat("/dev/null", &st) == 0, "stat");
}

static void do_open_close(void)
{
    int fd = open("/dev/null", O_RDONLY);

    must(fd >= 0, "open");
    close(fd);
}

static void do_pipe(void)
{
    char c;

    must(write(pipe_fds[1], "x", 1) == 1, "write pipe");
    must(read(pipe_fds[0], &c, 1) == 1, "read pipe");
}

static void do_epoll(void)
{
    struct epoll_event event;
    unsigned long long one = 1;

    must(write(event_fd, &one, sizeof(one)) == sizeof(one), "eventfd");
    must(epoll_wait(epoll_fd, &event, 1, -1) == 1, "epoll_wait");
    must(read(event_fd, &one, sizeof(one)) == sizeof(one), "eventfd read");
}

static void do_futex_wake(void)
{
    syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1);
}

static void do_mmap_touch(void)
{
    char *p = mmap(NULL, TOUCHED_PAGES * PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    must(p != MAP_FAILED, "mmap");
    for (int i = 0; i < TOUCHED_PAGES; i++)
        p[i * PAGE] = 1;
    munmap(p, TOUCHED_PAGES * PAGE);
}

static void *nothing(void *arg)
{
    return arg;
}

static void do_thread(void)
{
    pthread_t thread;

    must(pthread_create(&thread, NULL, nothing, NULL) == 0, "pthread_create");
    pthread_join(thread, NULL);
}

/* Nanoseconds for one call: as many as fit into the time. */
static double cost(void (*operation)(void))
{
    double start = now_ns(), used;
    long done = 0, batch = 1;

    do {
        for (long i = 0; i < batch; i++)
            operation();
        done += batch;
        used = now_ns() - start;
        if (used < seconds * 1e8)
            batch *= 2;
    } while (used < seconds * 1e9);
    return used / (double)done;
}

static void hand_over(int mine, long times)
{
    for (long i = 0; i < times; i++) {
        while (atomic_load(&turn) != mine)
            syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, !mine, NULL);
        atomic_store(&turn, !mine);
        do_futex_wake();
    }
}

static void *other(void *arg)
{
    hand_over(1, *(long *)arg);
    return NULL;
}

/* A futex ping-pong between two threads: nanoseconds for one switch. */
static double switch_cost(void)
{
    long times = (long)(seconds * 200000) + 100;
    pthread_t thread;
    double start;

    must(pthread_create(&thread, NULL, other, &times) == 0, "pthread_create");
    start = now_ns();
    hand_over(0, times);
    pthread_join(thread, NULL);
    return (now_ns() - start) / (2.0 * (double)times);
}

static void prepare(void)
{
    struct epoll_event event = {.events = EPOLLIN};

    null_fd = open("/dev/null", O_WRONLY);
    must(null_fd >= 0, "open /dev/null");
    event_fd = eventfd(0, 0);
    epoll_fd = epoll_create1(0);
    must(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, event_fd, &event) == 0, "epoll");
    must(pipe(pipe_fds) == 0, "pipe");
}

int main(int argc, char **argv)
{
    const struct {
        const char *name;
        void (*operation)(void);
    } all[] = {
        {"getppid", do_getppid},
        {"clock_gettime", do_clock},
        {"write to /dev/null", do_write_null},
        {"stat", do_stat},
        {"open and close", do_open_close},
        {"pipe write and read", do_pipe},
        {"eventfd, epoll_wait, read", do_epoll},
        {"futex wake of nobody", do_futex_wake},
        {"mmap, touch 256 pages, munmap", do_mmap_touch},
        {"thread created and joined", do_thread},
    };

    if (argc > 1)
        seconds = atof(argv[1]);
    prepare();
    printf("{");
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        printf("\"%s\": %.1f, ", all[i].name, cost(all[i].operation));
    printf("\"thread switch\": %.1f}\n", switch_cost());
    return 0;
}
