/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parallel [THOUSANDS]: work for two threads, with more and more of the
 * kernel in it. Prints JSON, milliseconds for each kind.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { NR = 2 };

static long thousands = 1000;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int there[2], back[2];
static volatile uint64_t shared;

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static uint64_t mix(uint64_t x, int rounds)
{
    while (rounds-- > 0)
        x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
    return x;
}

static void *compute(void *arg)
{
    shared = mix((uintptr_t)arg, (int)thousands * 100000);
    return NULL;
}

static void *take_lock(void *arg)
{
    for (long i = 0; i < thousands * 100; i++) {
        uint64_t x = mix((uintptr_t)arg, 1000);

        pthread_mutex_lock(&lock);
        shared += x;
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static void *make_calls(void *arg)
{
    for (long i = 0; i < thousands * 100; i++) {
        shared = mix((uintptr_t)arg, 1000);
        getppid();
    }
    return NULL;
}

/* Nothing to gain: one works while the other waits. */
static void *ping_pong(void *arg)
{
    int *in = arg ? there : back, *out = arg ? back : there;
    char c = 0;

    for (long i = 0; i < thousands * 20; i++) {
        if (!arg && write(out[1], &c, 1) != 1)
            exit(1);
        if (read(in[0], &c, 1) != 1)
            exit(1);
        if (arg && write(out[1], &c, 1) != 1)
            exit(1);
    }
    return NULL;
}

static double measure(void *(*fn)(void *))
{
    double start = now_ms();
    pthread_t t[NR];

    for (uintptr_t i = 0; i < NR; i++)
        if (pthread_create(&t[i], NULL, fn, (void *)i))
            exit(1);
    for (int i = 0; i < NR; i++)
        pthread_join(t[i], NULL);
    return now_ms() - start;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        thousands = atol(argv[1]);
    if (pipe(there) || pipe(back))
        return 1;
    printf("{\"compute\": %.1f, ", measure(compute));
    printf("\"compute, getppid each microsecond\": %.1f, ",
           measure(make_calls));
    printf("\"compute, a lock each microsecond\": %.1f, ", measure(take_lock));
    printf("\"ping-pong through pipes\": %.1f}\n", measure(ping_pong));
    return 0;
}
