/* SPDX-License-Identifier: BSD-2-Clause */
/* FUTEX_WAIT_REQUEUE_PI and FUTEX_CMP_REQUEUE_PI: a condition variable whose
 * sleepers wait for an owned lock afterwards. */
#include <linux/futex.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

enum { NR = 3 };

static uint32_t cond, lock;
static volatile int waiting, owners;

static long futex(uint32_t *a, int op, uint32_t v, const void *t, uint32_t *b,
                  uint32_t v3)
{
    return syscall(SYS_futex, a, op, v, t, b, v3);
}

static void *waiter(void *arg)
{
    (void)arg;
    __atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
    CHECK(futex(&cond, FUTEX_WAIT_REQUEUE_PI, 7, NULL, &lock, 0) == 0);
    CHECK((lock & FUTEX_TID_MASK) == (uint32_t)syscall(SYS_gettid));
    owners++;
    CHECK(futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0) == 0);
    return NULL;
}

static void start(pthread_t *threads)
{
    waiting = owners = 0;
    cond = 7;
    for (int i = 0; i < NR; i++)
        CHECK(pthread_create(&threads[i], NULL, waiter, NULL) == 0);
    while (__atomic_load_n(&waiting, __ATOMIC_SEQ_CST) < NR)
        usleep(1000);
}

/* The threads may have said that they wait a moment before they do. */
static void requeue_all(void)
{
    long done = 0, n;

    while (done < NR) {
        n = futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, (void *)1000L, &lock, 7);
        CHECK(n >= 0);
        done += n;
        usleep(1000);
    }
}

static void test_lock_held(void)
{
    pthread_t threads[NR];

    start(threads);
    CHECK(futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0) == 0);
    requeue_all();
    CHECK(owners == 0);
    CHECK(futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0) == 0);
    for (int i = 0; i < NR; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(owners == NR && lock == 0);
}

static void test_lock_free(void)
{
    pthread_t threads[NR];

    start(threads);
    requeue_all();
    for (int i = 0; i < NR; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(owners == NR && lock == 0);
}

static void test_errors(void)
{
    struct timespec past = {1, 0};
    struct timespec *many = (void *)1L;

    cond = 7;
    CHECK(futex(&cond, FUTEX_WAIT_REQUEUE_PI, 8, NULL, &lock, 0) == -1);
    CHECK(errno == EAGAIN);
    CHECK(futex(&cond, FUTEX_WAIT_REQUEUE_PI, 7, &past, &lock, 0) == -1);
    CHECK(errno == ETIMEDOUT);
    CHECK(futex(&cond, FUTEX_WAIT_REQUEUE_PI, 7, &past, &cond, 0) == -1);
    CHECK(errno == EINVAL);
    CHECK(futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, many, &lock, 8) == -1);
    CHECK(errno == EAGAIN);
    CHECK(futex(&cond, FUTEX_CMP_REQUEUE_PI, 2, many, &lock, 7) == -1);
    CHECK(errno == EINVAL);
    CHECK(futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, many, &lock, 7) == 0);
}

int main(void)
{
    test_errors();
    test_lock_held();
    test_lock_free();
    return 0;
}
