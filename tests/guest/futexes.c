/* SPDX-License-Identifier: BSD-2-Clause */
/* futex(2): every operation, its counts and its errors. */
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

enum {
    WAIT = 0,
    WAKE = 1,
    REQUEUE = 3,
    CMP_REQUEUE = 4,
    WAKE_OP = 5,
    WAIT_BITSET = 9,
    WAKE_BITSET = 10,
    PRIVATE = 128,
    REALTIME = 256,
};

static long futex(uint32_t *addr, int op, uint32_t value, void *timeout,
                  uint32_t *addr2, uint32_t value3)
{
    return syscall(SYS_futex, addr, op, value, timeout, addr2, value3);
}

static uint32_t word, word2;
static int nr_waiting, nr_done;

struct job {
    uint32_t *addr;
    uint32_t bits;
};

static void *sleeper(void *arg)
{
    const struct job *job = arg;

    __atomic_add_fetch(&nr_waiting, 1, __ATOMIC_SEQ_CST);
    CHECK(futex(job->addr, WAIT_BITSET | PRIVATE, 0, NULL, NULL, job->bits) ==
          0);
    __atomic_add_fetch(&nr_done, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

/* Threads that are asleep on the word: after they said so, give them time. */
static void start(pthread_t *t, int nr, struct job *job)
{
    nr_waiting = nr_done = 0;
    for (int i = 0; i < nr; i++)
        CHECK(pthread_create(&t[i], NULL, sleeper, job) == 0);
    while (__atomic_load_n(&nr_waiting, __ATOMIC_SEQ_CST) < nr)
        usleep(1000);
    usleep(50000);
}

static void join(pthread_t *t, int nr)
{
    for (int i = 0; i < nr; i++)
        CHECK(pthread_join(t[i], NULL) == 0);
    CHECK(nr_done == nr);
}

static void test_errors(void)
{
    struct timespec ts = {.tv_nsec = 1000000}, bad = {.tv_nsec = 1000000000};

    word = 1;
    CHECK(futex(&word, WAIT, 0, NULL, NULL, 0) == -1 && errno == EAGAIN);
    CHECK(futex(&word, WAIT, 1, &ts, NULL, 0) == -1 && errno == ETIMEDOUT);
    CHECK(futex(&word, WAIT, 1, &bad, NULL, 0) == -1 && errno == EINVAL);
    CHECK(futex(&word, WAIT_BITSET, 1, NULL, NULL, 0) == -1 && errno == EINVAL);
    CHECK(futex((uint32_t *)8, WAIT, 1, NULL, NULL, 0) == -1 &&
          errno == EFAULT);
    CHECK(futex((uint32_t *)((char *)&word + 1), WAIT, 1, NULL, NULL, 0) ==
              -1 &&
          errno == EINVAL);
    CHECK(futex(&word, WAKE, 1, NULL, NULL, 0) == 0);
    CHECK(futex(&word, 77, 0, NULL, NULL, 0) == -1 && errno == ENOSYS);
    word = 0;
}

static void test_wake_counts(void)
{
    struct job job = {&word, UINT32_MAX};
    pthread_t t[5];

    start(t, 5, &job);
    CHECK(futex(&word, WAKE | PRIVATE, 2, NULL, NULL, 0) == 2);
    CHECK(futex(&word, WAKE | PRIVATE, INT_MAX, NULL, NULL, 0) == 3);
    join(t, 5);
}

static void test_bits(void)
{
    struct job job = {&word, 2};
    pthread_t t;

    start(&t, 1, &job);
    CHECK(futex(&word, WAKE_BITSET | PRIVATE, 9, NULL, NULL, 5) == 0);
    CHECK(futex(&word, WAKE_BITSET | PRIVATE, 9, NULL, NULL, 6) == 1);
    join(&t, 1);
}

static void test_requeue(void)
{
    struct job job = {&word, UINT32_MAX};
    pthread_t t[4];

    start(t, 4, &job);
    CHECK(futex(&word, CMP_REQUEUE | PRIVATE, 1, (void *)2, &word2, 7) == -1 &&
          errno == EAGAIN);
    CHECK(futex(&word, CMP_REQUEUE | PRIVATE, 1, (void *)2, &word2, 0) == 3);
    CHECK(futex(&word2, WAKE | PRIVATE, INT_MAX, NULL, NULL, 0) == 2);
    CHECK(futex(&word, WAKE | PRIVATE, INT_MAX, NULL, NULL, 0) == 1);
    join(t, 4);
    start(t, 3, &job);
    CHECK(futex(&word, REQUEUE | PRIVATE, 0, (void *)9, &word2, 0) == 3);
    CHECK(futex(&word2, WAKE | PRIVATE, INT_MAX, NULL, NULL, 0) == 3);
    join(t, 3);
}

/* word2 += 5; if it was > 2, its waiters are woken too. */
static void test_wake_op(void)
{
    const uint32_t op = 1u << 28 | 4u << 24 | 5u << 12 | 2u;
    struct job job = {&word, UINT32_MAX};
    pthread_t t;

    word2 = 1;
    CHECK(futex(&word, WAKE_OP | PRIVATE, 1, (void *)1, &word2, op) == 0);
    CHECK(word2 == 6);
    start(&t, 1, &job);
    CHECK(futex(&word, WAKE_OP | PRIVATE, 1, (void *)1, &word2, op) == 1);
    CHECK(word2 == 11);
    join(&t, 1);
    word2 = 0;
}

static void test_absolute(int op, clockid_t clock)
{
    struct timespec until, now;

    clock_gettime(clock, &until);
    until.tv_nsec += 30000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    CHECK(futex(&word, op, 0, &until, NULL, UINT32_MAX) == -1 &&
          errno == ETIMEDOUT);
    clock_gettime(clock, &now);
    CHECK(now.tv_sec > until.tv_sec ||
          (now.tv_sec == until.tv_sec && now.tv_nsec >= until.tv_nsec));
}

static pthread_mutex_t pi, robust;

static void *die_holding(void *arg)
{
    CHECK(pthread_mutex_lock(&robust) == 0);
    return arg;
}

static void *lock_pi(void *arg)
{
    CHECK(pthread_mutex_lock(&pi) == 0);
    word = 1;
    CHECK(pthread_mutex_unlock(&pi) == 0);
    return arg;
}

static void test_owned(void)
{
    pthread_mutexattr_t attr;
    pthread_t t;

    pthread_mutexattr_init(&attr);
    CHECK(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST) == 0);
    CHECK(pthread_mutex_init(&robust, &attr) == 0);
    CHECK(pthread_create(&t, NULL, die_holding, NULL) == 0);
    CHECK(pthread_join(t, NULL) == 0);
    CHECK(pthread_mutex_lock(&robust) == EOWNERDEAD);
    CHECK(pthread_mutex_consistent(&robust) == 0);
    CHECK(pthread_mutex_unlock(&robust) == 0);

    pthread_mutexattr_init(&attr);
    CHECK(pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT) == 0);
    CHECK(pthread_mutex_init(&pi, &attr) == 0);
    CHECK(pthread_mutex_lock(&pi) == 0);
    CHECK(pthread_create(&t, NULL, lock_pi, NULL) == 0);
    usleep(50000);
    CHECK(word == 0);
    CHECK(pthread_mutex_unlock(&pi) == 0);
    CHECK(pthread_join(t, NULL) == 0);
    CHECK(word == 1);
}

static uint32_t *two_views[2]; /* of one page */

static void *sleep_on_other(void *arg)
{
    struct timespec end = {5, 0};

    (void)arg;
    CHECK(syscall(SYS_futex, two_views[1], WAIT, 0, &end, NULL, 0) == 0);
    return NULL;
}

/* A futex that is not private is the object's word, wherever it is mapped. */
static void test_two_views(void)
{
    int fd = memfd_create("word", 0);
    long woken = 0;
    pthread_t t;

    CHECK(fd >= 0 && ftruncate(fd, 4096) == 0);
    for (int i = 0; i < 2; i++) {
        two_views[i] =
            mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        CHECK(two_views[i] != MAP_FAILED);
    }
    CHECK(pthread_create(&t, NULL, sleep_on_other, NULL) == 0);
    while (woken == 0) {
        CHECK(syscall(SYS_futex, two_views[0], WAKE | PRIVATE, 1) == 0);
        woken = syscall(SYS_futex, two_views[0], WAKE, 1);
        usleep(1000);
    }
    CHECK(woken == 1 && pthread_join(t, NULL) == 0);
    CHECK(close(fd) == 0);
}

int main(void)
{
    test_two_views();
    test_errors();
    test_wake_counts();
    test_bits();
    test_requeue();
    test_wake_op();
    test_absolute(WAIT_BITSET | PRIVATE, CLOCK_MONOTONIC);
    test_absolute(WAIT_BITSET | PRIVATE | REALTIME, CLOCK_REALTIME);
    test_owned();
    return 0;
}
