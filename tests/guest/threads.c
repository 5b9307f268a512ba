/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: shared counters, condition variables, thread-local data, vector
 * registers across switches, preemption of spinners, names, exit. */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

enum { NR = 16, ROUNDS = 2000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_changed = PTHREAD_COND_INITIALIZER;
static int counter, turn;
static __thread int mine;

static void *count(void *arg)
{
    mine = (int)(intptr_t)arg;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&lock);
        counter++;
        pthread_mutex_unlock(&lock);
        if (i % 64 == 0)
            sched_yield();
    }
    CHECK(mine == (int)(intptr_t)arg);
    return arg;
}

static void test_mutex(void)
{
    pthread_t t[NR];
    void *result;

    for (intptr_t i = 0; i < NR; i++)
        CHECK(pthread_create(&t[i], NULL, count, (void *)i) == 0);
    for (intptr_t i = 0; i < NR; i++) {
        CHECK(pthread_join(t[i], &result) == 0);
        CHECK((intptr_t)result == i);
    }
    CHECK(counter == NR * ROUNDS);
}

static void *take_turns(void *arg)
{
    int me = (int)(intptr_t)arg;

    for (int i = 0; i < 200; i++) {
        pthread_mutex_lock(&lock);
        while (turn % NR != me)
            pthread_cond_wait(&turn_changed, &lock);
        turn++;
        pthread_cond_broadcast(&turn_changed);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static void test_cond(void)
{
    pthread_t t[NR];

    for (intptr_t i = 0; i < NR; i++)
        CHECK(pthread_create(&t[i], NULL, take_turns, (void *)i) == 0);
    for (int i = 0; i < NR; i++)
        CHECK(pthread_join(t[i], NULL) == 0);
    CHECK(turn == 200 * NR);
}

/* Each thread keeps a value in a vector register over many yields. */
static void *keep_vector(void *arg)
{
    double want = 1.5 * (double)(intptr_t)arg;
    uint32_t csr = 0x1f80 | ((uint32_t)(intptr_t)arg & 3) << 13, now;

    __asm__ volatile("ldmxcsr %0" : : "m"(csr));
    for (int i = 0; i < 500; i++) {
        double got;
        long nr = SYS_sched_yield;

        __asm__ volatile("movsd %2, %%xmm9\n"
                         "syscall\n"
                         "movsd %%xmm9, %1"
                         : "+a"(nr), "=m"(got)
                         : "m"(want)
                         : "rcx", "r11", "xmm9", "memory");
        CHECK(got == want);
    }
    __asm__ volatile("stmxcsr %0" : "=m"(now));
    CHECK((now & 0x6000) == (csr & 0x6000));
    csr = 0x1f80;
    __asm__ volatile("ldmxcsr %0" : : "m"(csr));
    return NULL;
}

static void test_vector(void)
{
    pthread_t t[4];

    for (intptr_t i = 0; i < 4; i++)
        CHECK(pthread_create(&t[i], NULL, keep_vector, (void *)i) == 0);
    for (int i = 0; i < 4; i++)
        CHECK(pthread_join(t[i], NULL) == 0);
}

static volatile int flag;

static void *raise_flag(void *arg)
{
    flag = 1;
    return arg;
}

/* The first thread never makes a call while it waits. */
static void test_preemption(void)
{
    pthread_t t;

    CHECK(pthread_create(&t, NULL, raise_flag, NULL) == 0);
    while (!flag)
        ;
    CHECK(pthread_join(t, NULL) == 0);
}

static void *named(void *arg)
{
    char name[16] = {0};

    CHECK(prctl(PR_GET_NAME, name) == 0 && strcmp(name, "parent") == 0);
    CHECK(prctl(PR_SET_NAME, "a-long-thread-name") == 0);
    CHECK(prctl(PR_GET_NAME, name) == 0);
    CHECK(strcmp(name, "a-long-thread-n") == 0);
    CHECK(syscall(SYS_gettid) != getpid());
    return arg;
}

static void test_names(void)
{
    pthread_t t;

    CHECK(prctl(PR_SET_NAME, "parent") == 0);
    CHECK(syscall(SYS_gettid) == getpid());
    CHECK(pthread_create(&t, NULL, named, NULL) == 0);
    CHECK(pthread_join(t, NULL) == 0);
}

static void *finish(void *arg)
{
    pthread_join(*(pthread_t *)arg, NULL);
    printf("last thread\n");
    exit(0);
}

int main(void)
{
    static pthread_t self;
    pthread_t t;
    cpu_set_t set;

    test_mutex();
    test_cond();
    test_vector();
    test_preemption();
    test_names();
    CHECK(sched_getaffinity(0, sizeof(set), &set) == 0);
    CHECK(CPU_COUNT(&set) >= 1 && CPU_ISSET(sched_getcpu(), &set));
    /* The first thread may go first. */
    self = pthread_self();
    CHECK(pthread_create(&t, NULL, finish, &self) == 0);
    pthread_exit(NULL);
}
