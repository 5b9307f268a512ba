/* SPDX-License-Identifier: BSD-2-Clause */
/* semget(2), semop(2), semtimedop(2), semctl(2). */
#include <pthread.h>
#include <sched.h>
#include <sys/sem.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

union semun {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
};

static int id;

static int op(int set, int num, int by, int flags)
{
    struct sembuf b = {(unsigned short)num, (short)by, (short)flags};

    return semop(set, &b, 1);
}

static int value(int num)
{
    return semctl(id, num, GETVAL);
}

/* How many wait there for it to grow; the caller makes one come. */
static void await_sleepers(int num, int how, int nr)
{
    while (semctl(id, num, how) != nr)
        sched_yield();
}

static void test_get(void)
{
    int key = 0x4e4b, first = semget(key, 2, IPC_CREAT | IPC_EXCL | 0600);

    CHECK(semget(key + 1, 1, 0) == -1 && errno == ENOENT);
    CHECK(first >= 0);
    CHECK(semget(key, 2, 0) == first && semget(key, 0, 0) == first);
    CHECK(semget(key, 3, 0) == -1 && errno == EINVAL);
    CHECK(semget(key, 2, IPC_CREAT | IPC_EXCL) == -1 && errno == EEXIST);
    CHECK(semget(IPC_PRIVATE, 0, 0600) == -1 && errno == EINVAL);
    CHECK(semctl(first, 0, IPC_RMID) == 0);
    CHECK(semctl(first, 0, IPC_RMID) == -1 && errno == EINVAL);
    CHECK(semget(key, 2, 0) == -1 && errno == ENOENT);
}

static void test_values(void)
{
    unsigned short in[3] = {1, 2, 3}, out[3];
    struct semid_ds ds;

    CHECK(semctl(id, 0, SETALL, (union semun){.array = in}) == 0);
    CHECK(semctl(id, 1, SETVAL, (union semun){.val = 7}) == 0);
    CHECK(semctl(id, 0, GETALL, (union semun){.array = out}) == 0);
    CHECK(out[0] == 1 && out[1] == 7 && out[2] == 3);
    CHECK(semctl(id, 1, SETVAL, (union semun){.val = 32768}) == -1);
    CHECK(errno == ERANGE);
    CHECK(semctl(id, 3, GETVAL) == -1 && errno == EINVAL);
    CHECK(semctl(id, 0, IPC_STAT, (union semun){.buf = &ds}) == 0);
    CHECK(ds.sem_nsems == 3 && (ds.sem_perm.mode & 0777) == 0600);
    CHECK(ds.sem_ctime > 0);
    ds.sem_perm.mode = 0640;
    CHECK(semctl(id, 0, IPC_SET, (union semun){.buf = &ds}) == 0);
    CHECK(semctl(id, 0, IPC_STAT, (union semun){.buf = &ds}) == 0);
    CHECK((ds.sem_perm.mode & 0777) == 0640);
}

/* All of a call's operations or none. */
static void test_atomic(void)
{
    struct sembuf ops[] = {{0, -1, 0}, {1, -8, IPC_NOWAIT}, {2, 1, 0}};

    CHECK(semop(id, ops, 3) == -1 && errno == EAGAIN);
    CHECK(value(0) == 1 && value(1) == 7 && value(2) == 3);
    ops[1].sem_op = -7;
    CHECK(semop(id, ops, 3) == 0);
    CHECK(value(0) == 0 && value(1) == 0 && value(2) == 4);
    CHECK(semctl(id, 2, GETPID) == (int)getpid());
    CHECK(op(id, 0, 0, 0) == 0);
    CHECK(op(id, 2, 32767, 0) == -1 && errno == ERANGE && value(2) == 4);
    CHECK(op(id, 3, 1, 0) == -1 && errno == EFBIG);
    CHECK(semop(id, ops, 0) == -1 && errno == EINVAL);
    CHECK(semop(id, ops, 501) == -1 && errno == E2BIG);
    CHECK(op(9999, 0, 1, 0) == -1 && errno == EINVAL);
}

static void test_timeout(void)
{
    struct timespec ms = {0, 1000000}, bad = {0, -1};
    struct sembuf down = {0, -1, 0};

    CHECK(semtimedop(id, &down, 1, &ms) == -1 && errno == EAGAIN);
    CHECK(semtimedop(id, &down, 1, &bad) == -1 && errno == EINVAL);
    CHECK(value(0) == 0);
}

static void *take_one(void *arg)
{
    return (void *)(long)(op(*(int *)arg, 0, -1, SEM_UNDO) ? errno : 0);
}

static void *wait_for_zero(void *arg)
{
    return (void *)(long)(op(*(int *)arg, 0, 0, 0) ? errno : 0);
}

static long end_of(pthread_t t)
{
    void *result;

    CHECK(pthread_join(t, &result) == 0);
    return (long)result;
}

static void test_sleepers(void)
{
    pthread_t takers[3], zero;

    for (int i = 0; i < 3; i++)
        CHECK(pthread_create(&takers[i], NULL, take_one, &id) == 0);
    await_sleepers(0, GETNCNT, 3);
    CHECK(op(id, 0, 4, 0) == 0);
    for (int i = 0; i < 3; i++)
        CHECK(end_of(takers[i]) == 0);
    CHECK(value(0) == 1);
    CHECK(pthread_create(&zero, NULL, wait_for_zero, &id) == 0);
    await_sleepers(0, GETZCNT, 1);
    CHECK(semctl(id, 0, GETNCNT) == 0);
    CHECK(op(id, 0, -1, IPC_NOWAIT) == 0);
    CHECK(end_of(zero) == 0);
}

static void test_removal_wakes(void)
{
    pthread_t taker;

    CHECK(pthread_create(&taker, NULL, take_one, &id) == 0);
    await_sleepers(0, GETNCNT, 1);
    CHECK(semctl(id, 0, IPC_RMID) == 0);
    CHECK(end_of(taker) == EIDRM);
}

int main(void)
{
    test_get();
    id = semget(IPC_PRIVATE, 3, 0600);
    CHECK(id >= 0 && value(0) == 0);
    test_values();
    test_atomic();
    test_timeout();
    test_sleepers();
    test_removal_wakes();
    puts("sysvsem: ok");
    return 0;
}
