/* SPDX-License-Identifier: BSD-2-Clause */
/* Clocks and timers: they agree, go forward, fire on time, tell what is left,
 * and reach a program that spins. */
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static volatile int fired, overruns;

static void on_timer(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)context;
    fired++;
    if (info->si_code == SI_TIMER)
        overruns += info->si_overrun;
}

static int64_t now(clockid_t clock)
{
    struct timespec ts;

    CHECK(clock_gettime(clock, &ts) == 0);
    return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static int64_t now_by_call(clockid_t clock)
{
    struct timespec ts;

    CHECK(syscall(SYS_clock_gettime, clock, &ts) == 0);
    return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void test_clocks(void)
{
    int64_t last = now(CLOCK_MONOTONIC), t;
    struct timeval tv;
    struct timespec res;

    for (int i = 0; i < 100000; i++) {
        t = i & 1 ? now(CLOCK_MONOTONIC) : now_by_call(CLOCK_MONOTONIC);
        CHECK(t >= last);
        last = t;
    }
    gettimeofday(&tv, NULL);
    t = now(CLOCK_REALTIME) / 1000 - (tv.tv_sec * 1000000LL + tv.tv_usec);
    CHECK(t >= 0 && t < 1000000);
    CHECK(llabs((long long)time(NULL) - (long long)tv.tv_sec) <= 1);
    CHECK(tv.tv_sec > 1700000000);
    CHECK(now(CLOCK_BOOTTIME) > 0 && now(CLOCK_MONOTONIC_RAW) > 0);
    CHECK(llabs(now(CLOCK_MONOTONIC_COARSE) - now(CLOCK_MONOTONIC)) < 50000000);
    CHECK(clock_getres(CLOCK_MONOTONIC, &res) == 0 && res.tv_nsec >= 1);
    CHECK(clock_gettime(12345, &res) == -1 && errno == EINVAL);
}

static void test_cpu_time(void)
{
    int64_t before = now(CLOCK_PROCESS_CPUTIME_ID), after;

    while (now(CLOCK_THREAD_CPUTIME_ID) < 20000000)
        ;
    after = now(CLOCK_PROCESS_CPUTIME_ID);
    CHECK(after > before);
    usleep(100000);
    CHECK(now(CLOCK_PROCESS_CPUTIME_ID) - after < 50000000);
}

static void test_sleep(void)
{
    struct timespec ts = {.tv_nsec = 20000000}, bad = {.tv_nsec = -1};
    int64_t before = now(CLOCK_MONOTONIC), took;

    CHECK(nanosleep(&ts, NULL) == 0);
    took = now(CLOCK_MONOTONIC) - before;
    CHECK(took >= 20000000 && took < 500000000);
    CHECK(nanosleep(&bad, NULL) == -1 && errno == EINVAL);
    clock_gettime(CLOCK_REALTIME, &ts);
    ts.tv_nsec += 20000000;
    ts.tv_sec += ts.tv_nsec / 1000000000;
    ts.tv_nsec %= 1000000000;
    CHECK(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &ts, NULL) == 0);
    CHECK(now(CLOCK_REALTIME) >= ts.tv_sec * 1000000000LL + ts.tv_nsec);
    CHECK(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &ts, NULL) == EINVAL);
}

static void handle(int signo)
{
    struct sigaction sa = {.sa_sigaction = on_timer, .sa_flags = SA_SIGINFO};

    CHECK(sigaction(signo, &sa, NULL) == 0);
    fired = 0;
}

/* No call is made while it waits. */
static void test_spinning(void)
{
    struct itimerval it = {.it_value = {.tv_usec = 20000},
                           .it_interval = {.tv_usec = 10000}},
                     old;

    handle(SIGALRM);
    CHECK(setitimer(ITIMER_REAL, &it, NULL) == 0);
    while (fired < 3)
        ;
    it = (struct itimerval){0};
    CHECK(setitimer(ITIMER_REAL, &it, &old) == 0);
    CHECK(old.it_interval.tv_usec == 10000);
    CHECK(getitimer(ITIMER_REAL, &it) == 0 && it.it_value.tv_usec == 0);
    handle(SIGPROF);
    it.it_value.tv_usec = 20000;
    CHECK(setitimer(ITIMER_PROF, &it, NULL) == 0);
    while (!fired)
        ;
    CHECK(alarm(5) == 0);
    CHECK(alarm(0) == 5);
}

static void test_posix_timer(void)
{
    struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL,
                          .sigev_signo = SIGRTMIN + 2};
    struct itimerspec its = {.it_value = {.tv_nsec = 20000000},
                             .it_interval = {.tv_nsec = 5000000}},
                      old;
    struct timespec ts = {.tv_nsec = 60000000};
    sigset_t set;
    timer_t t;

    handle(SIGRTMIN + 2);
    CHECK(timer_create(CLOCK_MONOTONIC, &ev, &t) == 0);
    CHECK(timer_settime(t, 0, &its, NULL) == 0);
    CHECK(timer_gettime(t, &old) == 0 && old.it_value.tv_nsec > 0);
    while (fired < 2)
        pause();
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    overruns = 0;
    nanosleep(&ts, NULL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    CHECK(timer_delete(t) == 0);
    CHECK(timer_gettime(t, &old) == -1 && errno == EINVAL);
}

int main(void)
{
    struct tms tms;

    test_clocks();
    test_cpu_time();
    test_sleep();
    test_spinning();
    test_posix_timer();
    CHECK(times(&tms) != (clock_t)-1 && tms.tms_utime >= 0);
    return 0;
}
