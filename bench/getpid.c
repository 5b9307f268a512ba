/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cost of the cheapest system call through libc's syscall site, and of a
 * switch between two threads (a futex ping-pong). Prints JSON, nanoseconds.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { CALLS = 2000000, SWITCHES = 100000 };

static _Atomic int turn;

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

static void pass(int mine)
{
    for (int i = 0; i < SWITCHES; i++) {
        while (atomic_load(&turn) != mine)
            syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, !mine, NULL);
        atomic_store(&turn, !mine);
        syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1);
    }
}

static void *other(void *arg)
{
    (void)arg;
    pass(1);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    double start = now_ns(), calls, switches;

    for (int i = 0; i < CALLS; i++)
        getppid();
    calls = (now_ns() - start) / CALLS;
    pthread_create(&thread, NULL, other, NULL);
    start = now_ns();
    pass(0);
    pthread_join(thread, NULL);
    switches = (now_ns() - start) / (2 * SWITCHES);
    printf("{\"getppid_ns\": %.1f, \"switch_ns\": %.1f}\n", calls, switches);
    return 0;
}
