/* SPDX-License-Identifier: BSD-2-Clause */
/* Many threads, many signals, short timers: whatever is interrupted goes on
 * with every register and every count right. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

enum { NR = 8, ROUNDS = 20000 };

static pthread_t threads[NR];
static atomic_int handled, started;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long shared;

static void note(int signo)
{
    int saved = errno;

    (void)signo;
    atomic_fetch_add(&handled, 1);
    sched_yield();
    errno = saved;
}

/* A sum that keeps many registers busy, vector ones too. */
static double work(volatile uint32_t *seed)
{
    double a = 1, b = 2, c = 3;
    uint64_t x = *seed, y = 1, z = 2;

    for (int i = 0; i < 500; i++) {
        a = a * 1.0001 + b;
        b = b * 0.5 + c;
        c = c * 0.25 + 1;
        x = x * 6364136223846793005 + 1;
        y += x >> 33;
        z ^= y << 1;
    }
    return a + b + c + (double)(z & 0xff);
}

static void *run(void *arg)
{
    volatile uint32_t me = (uint32_t)(uintptr_t)arg;
    double want = work(&me);

    atomic_fetch_add(&started, 1);
    while (atomic_load(&started) < NR)
        sched_yield();
    for (int i = 0; i < ROUNDS; i++) {
        struct timespec ts = {.tv_nsec = 1000};

        CHECK(work(&me) == want);
        pthread_mutex_lock(&lock);
        shared++;
        pthread_mutex_unlock(&lock);
        if (i % 7 == 0)
            CHECK(pthread_kill(threads[(me + (unsigned)i) % NR], SIGUSR1) == 0);
        if (i % 100 == 0)
            CHECK(nanosleep(&ts, NULL) == 0 || errno == EINTR);
    }
    atomic_fetch_add(&started, 1);
    while (atomic_load(&started) < 2 * NR) /* stay to be a target */
        sched_yield();
    return NULL;
}

int main(void)
{
    struct itimerval it = {.it_value = {.tv_usec = 1000},
                           .it_interval = {.tv_usec = 1000}};
    struct sigaction sa = {.sa_handler = note, .sa_flags = SA_RESTART};

    CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
    CHECK(sigaction(SIGALRM, &sa, NULL) == 0);
    CHECK(setitimer(ITIMER_REAL, &it, NULL) == 0);
    pthread_mutex_lock(&lock);
    for (uintptr_t i = 0; i < NR; i++)
        CHECK(pthread_create(&threads[i], NULL, run, (void *)i) == 0);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < NR; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(shared == NR * ROUNDS && handled > NR);
    return 0;
}
