/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes wrong only where threads really run at the same time: lost wakes,
 * registers left on another processor, mappings that others still use. Says
 * nothing about how many processors there are. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

enum { NR = 4, MEMBARRIER_PRIVATE = 8, MEMBARRIER_REGISTER = 16 };

static void run_all(void *(*fn)(void *))
{
    pthread_t t[NR];

    for (intptr_t i = 0; i < NR; i++)
        CHECK(pthread_create(&t[i], NULL, fn, (void *)i) == 0);
    for (int i = 0; i < NR; i++)
        CHECK(pthread_join(t[i], NULL) == 0);
}

/* ---- locks and conditions: no wake is lost, nobody is in twice ---------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static int turn;
static long inside, sum;

static void *take_turns(void *arg)
{
    int me = (int)(intptr_t)arg;

    for (int i = 0; i < 2000; i++) {
        pthread_mutex_lock(&lock);
        while (turn != me)
            pthread_cond_wait(&turned, &lock);
        CHECK(++inside == 1);
        turn = (turn + 1) % NR;
        inside--;
        pthread_cond_broadcast(&turned);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static void *count(void *arg)
{
    (void)arg;
    for (int i = 0; i < 50000; i++) {
        pthread_mutex_lock(&lock);
        sum++;
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

/* ---- vector registers and errno move along ------------------------------ */

static void *compute(void *arg)
{
    double me = (double)(intptr_t)arg + 1, x = me;

    for (int i = 0; i < 20000; i++) {
        x = x * 1.5 + me;
        errno = (int)me;
        if (i % 4 == 0)
            sched_yield();
        CHECK(errno == (int)me);
        x = (x - me) / 1.5;
        CHECK(x > me - 0.001 && x < me + 0.001);
        x = me;
    }
    return NULL;
}

/* ---- pipes, eventfds and epoll ------------------------------------------ */

static int ring[NR][2];

static void *pass_on(void *arg)
{
    int me = (int)(intptr_t)arg, value;

    for (int i = 0; i < 3000; i++) {
        CHECK(read(ring[me][0], &value, sizeof(value)) == sizeof(value));
        value++;
        CHECK(write(ring[(me + 1) % NR][1], &value, sizeof(value)) ==
              sizeof(value));
    }
    return NULL;
}

static void test_pipes(void)
{
    int value = 0;

    for (int i = 0; i < NR; i++)
        CHECK(pipe(ring[i]) == 0);
    CHECK(write(ring[0][1], &value, sizeof(value)) == sizeof(value));
    run_all(pass_on);
    CHECK(read(ring[0][0], &value, sizeof(value)) == sizeof(value));
    CHECK(value == 3000 * NR);
}

static int epfd, efd;
static atomic_long taken;

static void *give_or_take(void *arg)
{
    uint64_t n = 1;

    if ((intptr_t)arg % 2) {
        for (int i = 0; i < 5000; i++)
            CHECK(write(efd, &n, sizeof(n)) == sizeof(n));
        return NULL;
    }
    while (atomic_load(&taken) < 5000 * NR / 2) {
        struct epoll_event e;

        if (epoll_wait(epfd, &e, 1, 1) == 1 &&
            read(efd, &n, sizeof(n)) == sizeof(n))
            atomic_fetch_add(&taken, (long)n);
    }
    return NULL;
}

static void test_epoll(void)
{
    struct epoll_event e = {.events = EPOLLIN};

    epfd = epoll_create1(0);
    efd = eventfd(0, EFD_NONBLOCK);
    CHECK(epfd >= 0 && efd >= 0);
    CHECK(epoll_ctl(epfd, EPOLL_CTL_ADD, efd, &e) == 0);
    run_all(give_or_take);
    CHECK(atomic_load(&taken) == 5000 * NR / 2);
}

/* ---- signals find threads that compute ---------------------------------- */

static atomic_int handled, ready;
static atomic_bool enough;

static void note(int signo)
{
    (void)signo;
    atomic_fetch_add(&handled, 1);
}

static void *spin(void *arg)
{
    volatile long turns = 0;

    (void)arg;
    atomic_fetch_add(&ready, 1);
    while (!atomic_load(&enough))
        turns++;
    return NULL;
}

static void test_signals(void)
{
    struct sigaction sa = {.sa_handler = note};
    pthread_t t;

    CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
    CHECK(pthread_create(&t, NULL, spin, NULL) == 0);
    while (!atomic_load(&ready))
        sched_yield();
    for (int i = 0; i < 100; i++) {
        CHECK(pthread_kill(t, SIGUSR1) == 0);
        while (atomic_load(&handled) == i)
            sched_yield();
    }
    atomic_store(&enough, true);
    CHECK(pthread_join(t, NULL) == 0);
    CHECK(atomic_load(&handled) == 100);
}

/* ---- memory: each thread maps and unmaps beside the others -------------- */

static void *map_and_unmap(void *arg)
{
    const size_t len = 16 * 4096;

    for (int i = 0; i < 400; i++) {
        char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        CHECK(p != MAP_FAILED);
        memset(p, (int)(intptr_t)arg + i, len);
        CHECK(mprotect(p, 4096, PROT_READ) == 0);
        CHECK(p[0] == (char)((intptr_t)arg + i) && p[len - 1] == p[0]);
        if (i % 3 == 0)
            CHECK(madvise(p + 4096, 4096, MADV_DONTNEED) == 0 && !p[4096]);
        CHECK(munmap(p, len) == 0);
    }
    return NULL;
}

/* ---- processors --------------------------------------------------------- */

static void *move_about(void *arg)
{
    cpu_set_t all, one;

    CHECK(sched_getaffinity(0, sizeof(all), &all) == 0);
    for (int i = 0; i < 200; i++) {
        int cpu = (i + (int)(intptr_t)arg) % CPU_SETSIZE;

        while (!CPU_ISSET(cpu, &all))
            cpu = (cpu + 1) % CPU_SETSIZE;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        CHECK(sched_setaffinity(0, sizeof(one), &one) == 0);
        CHECK(sched_getcpu() == cpu);
    }
    CHECK(sched_setaffinity(0, sizeof(all), &all) == 0);
    return NULL;
}

static void *read_clocks(void *arg)
{
    static _Atomic uint64_t latest;

    (void)arg;
    for (int i = 0; i < 20000; i++) {
        uint64_t before = atomic_load(&latest), now;
        struct timespec ts;

        if (i % 2)
            CHECK(clock_gettime(CLOCK_MONOTONIC, &ts) == 0);
        else
            CHECK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts) == 0);
        now = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
        CHECK(now >= before);
        while (before < now &&
               !atomic_compare_exchange_weak(&latest, &before, now))
            ;
    }
    return NULL;
}

static void *fence(void *arg)
{
    (void)arg;
    for (int i = 0; i < 200; i++)
        CHECK(syscall(SYS_membarrier, MEMBARRIER_PRIVATE, 0, 0) == 0);
    return NULL;
}

/* ---- threads that come and go ------------------------------------------- */

static void *nothing(void *arg)
{
    return arg;
}

static void *make_threads(void *arg)
{
    pthread_t t;

    (void)arg;
    for (int i = 0; i < 200; i++) {
        CHECK(pthread_create(&t, NULL, nothing, NULL) == 0);
        CHECK(pthread_join(t, NULL) == 0);
    }
    return NULL;
}

int main(void)
{
    run_all(take_turns);
    run_all(count);
    CHECK(sum == 50000 * NR);
    run_all(compute);
    test_pipes();
    test_epoll();
    test_signals();
    run_all(map_and_unmap);
    run_all(move_about);
    run_all(read_clocks);
    if (syscall(SYS_membarrier, MEMBARRIER_REGISTER, 0, 0) == 0)
        run_all(fence);
    run_all(make_threads);
    /* Ends others that compute. */
    atomic_store(&enough, false);
    for (int i = 0; i < NR; i++) {
        pthread_t t;

        CHECK(pthread_create(&t, NULL, spin, NULL) == 0);
    }
    return 0;
}
