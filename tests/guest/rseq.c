/* SPDX-License-Identifier: BSD-2-Clause */
/* rseq(2): registration, and sequences that a signal or another thread breaks.
 * only: musl (glibc keeps the one area of each thread for itself) */
#include <linux/rseq.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "check.h"

#define SIG 0x53053053

static struct rseq area __attribute__((aligned(32)));
static volatile int handled;

static long rseq(void *p, unsigned len, int flags, unsigned sig)
{
    return syscall(SYS_rseq, p, len, flags, sig);
}

static void handler(int sig)
{
    (void)sig;
    handled++;
}

/* Spins in a sequence until it is sent to its abort address. */
static int spin_in_sequence(struct rseq *r)
{
    int aborted = 0;

    __asm__ volatile(".pushsection .data\n"
                     ".balign 32\n"
                     "9: .long 0, 0\n"
                     ".quad 1f, 2f - 1f, 4f\n"
                     ".popsection\n"
                     "lea 9b(%%rip), %%rax\n"
                     "mov %%rax, %1\n"
                     "1: pause\n"
                     "jmp 1b\n"
                     "2: jmp 5f\n"
                     ".long 0x53053053\n"
                     "4: movl $1, %0\n"
                     "5:\n"
                     : "+m"(aborted), "=m"(r->rseq_cs)
                     :
                     : "rax", "memory");
    return aborted;
}

static void test_registration(void)
{
    char *bad = (char *)&area + 4;

    area.cpu_id = (uint32_t)RSEQ_CPU_ID_UNINITIALIZED;
    CHECK(rseq(bad, 32, 0, SIG) == -1 && errno == EINVAL);
    CHECK(rseq(&area, 8, 0, SIG) == -1 && errno == EINVAL);
    CHECK(rseq(&area, 32, 4, SIG) == -1 && errno == EINVAL);
    CHECK(rseq((void *)64, 32, 0, SIG) == -1 && errno == EFAULT);
    CHECK(rseq(&area, 32, RSEQ_FLAG_UNREGISTER, SIG) == -1 && errno == EINVAL);
    CHECK(rseq(&area, 32, 0, SIG) == 0);
    CHECK(area.cpu_id < 4096 && area.cpu_id_start < 4096);
    CHECK(rseq(&area, 32, 0, SIG) == -1 && errno == EBUSY);
    CHECK(rseq(&area, 32, 0, SIG + 1) == -1 && errno == EPERM);
    CHECK(rseq(&area, 32, RSEQ_FLAG_UNREGISTER, 1) == -1 && errno == EPERM);
}

static void test_signal_aborts(void)
{
    struct itimerval soon = {.it_value = {0, 20000}};

    signal(SIGALRM, handler);
    CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
    while (!handled) { /* the scheduler breaks it as well */
        CHECK(spin_in_sequence(&area) == 1);
        CHECK(area.rseq_cs == 0);
    }
}

static void *bystander(void *arg)
{
    volatile int *stop = arg;

    while (!*stop)
        ;
    return NULL;
}

/* Two threads that compute on one processor preempt each other. */
static void test_preemption_aborts(void)
{
    volatile int stop = 0;
    pthread_t t;
    uint64_t one = 1;

    CHECK(syscall(SYS_sched_setaffinity, 0, 8, &one) == 0);
    CHECK(pthread_create(&t, NULL, bystander, (void *)&stop) == 0);
    CHECK(spin_in_sequence(&area) == 1);
    stop = 1;
    CHECK(pthread_join(t, NULL) == 0);
}

int main(void)
{
    test_registration();
    test_signal_aborts();
    test_preemption_aborts();
    CHECK(rseq(&area, 32, RSEQ_FLAG_UNREGISTER, SIG) == 0);
    CHECK((int)area.cpu_id == RSEQ_CPU_ID_UNINITIALIZED);
    return 0;
}
