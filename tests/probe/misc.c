/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory, signals, timers, clocks, scheduling, limits, prctl, futexes. */
#include "tests/probe/probe.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

enum { PAGE = 4096 };

static void clocks(void)
{
    struct timespec t, zero = {0, 0}, bad = {0, 1000000000}, neg = {-1, 0};
    struct itimerspec it = {{0, 0}, {100, 0}}, old;
    struct sigevent ev = {.sigev_notify = SIGEV_NONE};
    timer_t timer;

    for (int c = -3; c < 14; c++) {
        if (c == 8 || c == 9) /* alarm clocks: as the machine has them */
            continue;
        PI(c, clock_gettime(c, &t));
        PI(c, clock_getres(c, &t));
        PI(c, syscall(SYS_clock_nanosleep, c, 0, &zero, NULL));
        PI(c, syscall(SYS_clock_nanosleep, c, TIMER_ABSTIME, &zero, NULL));
        PI(c, timer_create(c, &ev, &timer) == 0 ? timer_delete(timer) : -1);
        PI(c, close(timerfd_create(c, 0)));
        PI(c, clock_settime(c, &neg));
    }
    P(syscall(SYS_clock_gettime, CLOCK_REALTIME, 8));
    P(syscall(SYS_clock_gettime, -5, 8));
    P(syscall(SYS_clock_nanosleep, 1, 0, &bad, NULL));
    P(syscall(SYS_clock_nanosleep, 1, 0, &neg, NULL));
    P(syscall(SYS_clock_nanosleep, 1, 0, 8, NULL));
    P(syscall(SYS_nanosleep, &bad, NULL));
    P(timer_create(CLOCK_MONOTONIC, &ev, &timer));
    P(timer_settime(timer, 0, &it, &old));
    P(timer_gettime(timer, &old));
    P(old.it_value.tv_sec);
    P(timer_getoverrun(timer));
    it.it_value = bad;
    P(timer_settime(timer, 0, &it, NULL));
    P(timer_delete(timer));
    P(syscall(SYS_timer_delete, 77));
    P(syscall(SYS_timer_settime, 77, 0, &it, NULL));
    ev.sigev_notify = 77;
    P(timer_create(CLOCK_MONOTONIC, &ev, &timer));
    ev.sigev_notify = SIGEV_SIGNAL;
    ev.sigev_signo = 99;
    P(timer_create(CLOCK_MONOTONIC, &ev, &timer));
    P(timerfd_create(CLOCK_MONOTONIC, 0x10));
    P(times(NULL) > 0);
    P(getitimer(9, (void *)&it));
    P(setitimer(ITIMER_REAL, (void *)8, NULL));
    P(alarm(1000));
    P(alarm(0));
}

static void memory(void)
{
    char *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *s = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned char vec[8], many[200];
    char *none;
    int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR);
    int dir = open("/", O_RDONLY), file = open("/etc/passwd", O_RDONLY);

    memset(p, 1, 8 * PAGE);
    memset(s, 1, 8 * PAGE);
    for (int a = 0; a < 28; a++) {
        if (a == 12 || a == 13) /* KSM may be configured or not */
            continue;
        PI(a, madvise(p, PAGE, a));
        PI(a, madvise(s, PAGE, a));
        PI(a, p[0]);
        PI(a, s[0]);
        madvise(p, PAGE, MADV_DODUMP);
        p[0] = s[0] = 1;
    }
    P(madvise(p, PAGE, 101 + 1000));
    P(madvise(p + 1, PAGE, MADV_NORMAL));
    P(madvise(p, 1, MADV_DONTNEED));
    P(p[0]);
    P(madvise(p, -PAGE, MADV_NORMAL));
    P(madvise((void *)PAGE, PAGE, MADV_NORMAL));
    P(madvise((void *)PAGE, 0, MADV_NORMAL));
    for (int f = 0; f < 16; f++) {
        if (f & 6) /* FIXED, DONTUNMAP: not here */
            continue;
        PI(f, mremap(p, PAGE, PAGE, f, NULL) == MAP_FAILED ? -1 : 0);
        PI(f, mremap(p + 1, PAGE, PAGE, f, NULL) == MAP_FAILED ? -1 : 0);
    }
    P((long)mremap(p, 8 * PAGE, 0, 0, NULL));
    P((long)mremap((void *)PAGE, PAGE, PAGE, 0, NULL));
    P(mincore(p, PAGE, vec));
    P(mincore(p + 1, PAGE, vec));
    P(mincore((void *)PAGE, PAGE, vec));
    P(mincore(p, PAGE, (void *)8));
    P(mincore(p, 8 * PAGE, vec));
    P(vec[0] & vec[7] & 1);
    none =
        mmap(NULL, 200 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(many, 1, sizeof(many));
    P(mincore(none, 200 * PAGE, many));
    P(memchr(many, 1, sizeof(many)) != NULL);
    P(munmap(none, 200 * PAGE));
    P(mlock(p, PAGE));
    P(munlock(p, PAGE));
    P(mlock((void *)PAGE, PAGE));
    P(mlockall(0));
    P(mlockall(MCL_CURRENT));
    P(mlockall(32));
    P(munlockall());
    P(syscall(SYS_mlock2, p, PAGE, 1));
    P(syscall(SYS_mlock2, p, PAGE, 2));
    P(msync(p, PAGE, MS_SYNC));
    P(msync(p, PAGE, MS_SYNC | MS_ASYNC));
    P(msync(p + 1, PAGE, MS_SYNC));
    P(msync((void *)PAGE, PAGE, MS_SYNC));
    P(msync(p, PAGE, 64));
    P(mprotect(p + 1, PAGE, PROT_READ));
    P(mprotect(p, PAGE, 99));
    P(mprotect((void *)PAGE, PAGE, PROT_READ));
    P(munmap(p + 1, PAGE));
    P(munmap(p, 0));
    P(munmap((void *)PAGE, PAGE));
#define M(addr, len, prot, flags, fd, off)                                     \
    OK(mmap(addr, len, prot, flags, fd, off))
    M(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    M(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0);
    M(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0);
    M(NULL, PAGE, PROT_READ, MAP_PRIVATE, null, 0);
    M(NULL, PAGE, PROT_READ, MAP_PRIVATE, zero, 0);
    M(NULL, PAGE, PROT_READ, MAP_PRIVATE, dir, 0);
    M(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 1);
    M(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 1 << 20);
    M(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    M(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    M(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE, file, 0);
    M(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | MAP_SYNC, file, 0);
    M(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | 0x40000000, file, 0);
    M(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    M(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
    M(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    M(NULL, 1 << 21, PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
    M(p + 1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    M(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
      0);
    M(NULL, 1UL << 60, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    M(NULL, -PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    M(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    P(mmap((void *)0x10000, PAGE, PROT_READ,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == (void *)0x10000);
    P(syscall(SYS_brk, 0) > 0);
    P(syscall(SYS_membarrier, 0, 0, 0) > 0);
    P(syscall(SYS_membarrier, 12345, 0, 0));
    P(syscall(SYS_memfd_create, "x", 0xff00));
    P(syscall(SYS_memfd_create, 8, 0));
    close(null);
    close(zero);
    close(dir);
    close(file);
}

static void handler(int sig)
{
    (void)sig;
}

static void signals(void)
{
    struct sigaction sa = {.sa_handler = handler}, old;
    struct timespec zero = {0, 0};
    stack_t ss = {.ss_sp = malloc(65536), .ss_size = 65536}, os;
    sigset_t set;
    siginfo_t info;

    for (int sig = -1; sig < 67; sig++) {
        uint64_t act[4] = {0};

        PI(sig, syscall(SYS_rt_sigaction, sig, act, NULL, 8));
        PI(sig, syscall(SYS_kill, getpid(), sig > 0 ? 0 : sig));
        PI(sig, syscall(SYS_tgkill, getpid(), 0, sig));
    }
    P(syscall(SYS_rt_sigaction, 2, NULL, NULL, 16));
    P(syscall(SYS_rt_sigaction, 2, 8, NULL, 8));
    P(syscall(SYS_rt_sigprocmask, 7, &set, NULL, 8));
    P(syscall(SYS_rt_sigprocmask, 7, NULL, NULL, 8));
    P(syscall(SYS_rt_sigprocmask, 0, NULL, NULL, 4));
    P(syscall(SYS_rt_sigpending, &set, 16));
    P(syscall(SYS_rt_sigsuspend, &set, 4));
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    P(sigprocmask(SIG_BLOCK, &set, NULL));
    P(sigtimedwait(&set, &info, &zero));
    P(raise(SIGUSR1));
    P(sigtimedwait(&set, &info, &zero));
    P(info.si_code);
    P(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 7}));
    P(sigwaitinfo(&set, &info));
    P(info.si_code);
    P(info.si_value.sival_int);
    P(syscall(SYS_rt_sigtimedwait, &set, NULL, &(struct timespec){0, -1}, 8));
    P(sigaction(SIGUSR1, &sa, &old));
    P(sigaltstack(NULL, &os));
    P(os.ss_flags);
    P(sigaltstack(&ss, NULL));
    P(sigaltstack(NULL, &os));
    P(os.ss_flags);
    ss.ss_size = 100;
    P(sigaltstack(&ss, NULL));
    ss.ss_flags = 99;
    P(sigaltstack(&ss, NULL));
    ss.ss_flags = SS_DISABLE;
    P(sigaltstack(&ss, NULL));
    P(kill(999999, 0));
    P(kill(getpid(), 65));
    P(kill(getpid(), -1));
    P(syscall(SYS_tkill, 999999, 0));
    P(syscall(SYS_tkill, -1, 0));
    P(syscall(SYS_tgkill, getpid(), -1, 0));
    P(syscall(SYS_tgkill, -1, 1, 0));
    P(signalfd(-1, &set, 0x10));
    P(signalfd(0, &set, 0));
    P(syscall(SYS_signalfd4, -1, &set, 4, 0));
    P(syscall(SYS_rt_sigqueueinfo, 999999, 0, &info));
}

/* Longer than what any kernel knows: the rest must be zero. */
struct attr {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t times[3];
    uint32_t util[2];
    uint64_t rest[4];
};

static void sched_attrs(void)
{
    struct attr a = {.size = 48, .nice = 5}, b;

    P(syscall(SYS_sched_setattr, 0, &a, 0));
    memset(&b, 1, sizeof(b));
    P(syscall(SYS_sched_getattr, 0, &b, 48, 0));
    P(b.size);
    P(b.policy);
    P(b.flags);
    P(b.nice);
    P(b.priority);
    P(b.util[0]);
    P(syscall(SYS_sched_getattr, 0, &b, 47, 0));
    P(syscall(SYS_sched_getattr, 0, &b, 4097, 0));
    P(syscall(SYS_sched_getattr, 0, &b, 48, 1));
    P(syscall(SYS_sched_getattr, -1, &b, 48, 0));
    P(syscall(SYS_sched_getattr, 999999, &b, 48, 0));
    P(syscall(SYS_sched_getattr, 0, NULL, 48, 0));
    P(syscall(SYS_sched_getattr, 0, 8, 48, 0));
    P(syscall(SYS_sched_setattr, 0, NULL, 0));
    P(syscall(SYS_sched_setattr, 0, 8, 0));
    P(syscall(SYS_sched_setattr, 0, &a, 1));
    P(syscall(SYS_sched_setattr, -1, &a, 0));
    P(syscall(SYS_sched_setattr, 999999, &a, 0));
    for (a.policy = 0; a.policy < 8; a.policy++) {
        if (a.policy == 6) /* SCHED_DEADLINE: not here */
            continue;
        for (a.priority = 0; a.priority < 101; a.priority += 50)
            PI(a.policy * 1000 + a.priority,
               syscall(SYS_sched_setattr, 0, &a, 0));
    }
    a = (struct attr){.size = 20};
    P(syscall(SYS_sched_setattr, 0, &a, 0));
    P(a.size >= 48);
    a.size = 0;
    P(syscall(SYS_sched_setattr, 0, &a, 0));
    a.size = sizeof(a);
    P(syscall(SYS_sched_setattr, 0, &a, 0));
    a.rest[3] = 1;
    P(syscall(SYS_sched_setattr, 0, &a, 0));
    a = (struct attr){.size = 48, .flags = 1 << 20};
    P(syscall(SYS_sched_setattr, 0, &a, 0));
    a.flags = 1; /* SCHED_FLAG_RESET_ON_FORK */
    P(syscall(SYS_sched_setattr, 0, &a, 0));
    P(syscall(SYS_sched_getattr, 0, &b, 48, 0));
    P(b.flags);
    P(sched_getscheduler(0));
    a.flags = 0;
    P(syscall(SYS_sched_setattr, 0, &a, 0));
}

static void usage(void)
{
    struct rusage before, after;

    P(getrusage(RUSAGE_SELF, &before));
    for (int i = 0; i < 10; i++)
        usleep(1);
    P(getrusage(RUSAGE_THREAD, &after));
    P(after.ru_nvcsw >= 10);
    P(getrusage(RUSAGE_SELF, &after));
    P(after.ru_nvcsw - before.ru_nvcsw >= 10);
    P(getrusage(RUSAGE_CHILDREN, &after));
    P(after.ru_nvcsw);
    P(getrusage(7, &after));
    P(getrusage(RUSAGE_SELF, (void *)8));
}

/* ioprio_set(2): who, then a class in the upper three bits of sixteen. */
static void io_priorities(void)
{
    for (int class = 0; class < 8; class ++)
        PI(class, syscall(SYS_ioprio_set, 1, 0, class << 13));
    P(syscall(SYS_ioprio_set, 1, 0, 4));
    P(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 3));
    P(syscall(SYS_ioprio_get, 1, 0));
    P(syscall(SYS_ioprio_get, 1, getpid()));
    P(syscall(SYS_ioprio_get, 0, 0));
    P(syscall(SYS_ioprio_get, 4, 0));
    P(syscall(SYS_ioprio_get, 1, 999999));
    P(syscall(SYS_ioprio_set, 1, 0, 0));
    P(syscall(SYS_ioprio_get, 1, 0));
}

static void process_things(void)
{
    static const int prctls[][2] = {
        {PR_CAPBSET_READ, 0},
        {PR_CAPBSET_READ, 99},
        {PR_GET_SECUREBITS, 0},
        {PR_GET_NO_NEW_PRIVS, 0},
        {PR_SET_THP_DISABLE, 1},
        {PR_GET_THP_DISABLE, 0},
        {PR_SET_DUMPABLE, 1},
        {PR_SET_DUMPABLE, 2},
        {PR_GET_DUMPABLE, 0},
        {PR_SET_KEEPCAPS, 1},
        {PR_GET_KEEPCAPS, 0},
        {PR_SET_KEEPCAPS, 5},
        {PR_SET_PDEATHSIG, 30},
        {PR_SET_PDEATHSIG, 99},
        {PR_SET_NAME, 8},
        {PR_GET_NAME, 8},
        {PR_SET_TIMERSLACK, 1000},
        {PR_GET_TIMERSLACK, 0},
        {PR_SET_NO_NEW_PRIVS, 0},
        {PR_SET_NO_NEW_PRIVS, 1},
        {PR_GET_NO_NEW_PRIVS, 0},
        {PR_GET_SECCOMP, 0},
        {PR_GET_TIMING, 0},
        {PR_SET_TIMING, 0},
        {PR_SET_TIMING, 1},
        {PR_GET_TSC, 8},
        {PR_SET_CHILD_SUBREAPER, 1},
        {PR_MCE_KILL_GET, 0},
        {PR_GET_IO_FLUSHER, 0},
        {12345, 0},
        {PR_TASK_PERF_EVENTS_DISABLE, 0},
        {PR_GET_UNALIGN, 8},
        {PR_SET_MM, 0},
        {PR_GET_FP_MODE, 0},
    };
    struct rlimit lim, two = {2, 1};
    struct sched_param sp = {0};
    struct utsname u;
    cpu_set_t cpus;
    char *area = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int status;

    for (size_t i = 0; i < sizeof(prctls) / sizeof(prctls[0]); i++)
        PI(prctls[i][0] * 1000 + prctls[i][1],
           prctl(prctls[i][0], prctls[i][1], 0, 0, 0));
    P(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 1, 0, 0));
    P(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    P(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 99, 0, 0));
    P(prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, area, PAGE, "name"));
    P(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0));
    for (int r = 0; r < 17; r++) {
        PI(r, getrlimit(r, &lim));
        PI(r, setrlimit(r, &two));
        PI(r, prlimit(0, r, NULL, &lim));
    }
    P(setrlimit(RLIMIT_NOFILE, &(struct rlimit){1 << 30, 1 << 30}));
    P(syscall(SYS_getrlimit, RLIMIT_CPU, 8));
    P(prlimit(999999, 0, NULL, &lim));
    for (int p = -1; p < 8; p++) {
        PI(p, sched_get_priority_max(p));
        PI(p, sched_get_priority_min(p));
        PI(p, sched_setscheduler(0, p, &sp));
    }
    P(sched_getscheduler(0));
    P(sched_getparam(0, &sp));
    sched_attrs();
    P(sched_getscheduler(999999));
    P(sched_getscheduler(-1));
    P(sched_setaffinity(0, 0, &cpus));
    CPU_ZERO(&cpus);
    P(sched_setaffinity(0, sizeof(cpus), &cpus));
    P(syscall(SYS_sched_getaffinity, 0, 3, &cpus));
    P(syscall(SYS_sched_getaffinity, 0, 0, &cpus));
    P(syscall(SYS_sched_getaffinity, 999999, 128, &cpus));
    CPU_ZERO(&cpus);
    CPU_SET(0, &cpus);
    P(sched_setaffinity(0, sizeof(cpus), &cpus));
    CPU_ZERO(&cpus);
    P(sched_getaffinity(0, sizeof(cpus), &cpus));
    P(CPU_COUNT(&cpus));
    P(getpriority(9, 0));
    P(getpriority(PRIO_PROCESS, 999999));
    P(setpriority(PRIO_PROCESS, 0, 5));
    P(getpriority(PRIO_PROCESS, 0));
    P(getpriority(PRIO_USER, 0));
    P(getpriority(PRIO_PGRP, 0));
    P(wait4(-1, &status, 0, NULL));
    P(wait4(-1, &status, 0x1000, NULL));
    P(wait4(999999, &status, WNOHANG, NULL));
    P(waitid(P_ALL, 0, NULL, 0));
    P(waitid(P_ALL, 0, NULL, WEXITED));
    P(waitid(77, 0, NULL, WEXITED));
    P(getpgid(999999));
    P(getsid(999999));
    P(setpgid(0, 999999));
    P(setpgid(-1, 0));
    P(getrusage(7, (void *)area));
    P(syscall(SYS_uname, 8));
    P(uname(&u));
    P(sethostname("x", -1));
    P(sethostname("x", 65));
    P(getgroups(-1, NULL));
    P(setgroups(70000, NULL));
    P(syscall(SYS_personality, 0xffffffff));
    P(syscall(SYS_getcpu, 8, 0, 0));
    P(syscall(SYS_getrandom, area, 10, 0x10));
    P(syscall(SYS_getrandom, area, 10, 3));
    P(syscall(SYS_getrandom, 8, 10, 0));
    P(syscall(SYS_getrandom, area, 300, 0));
    P(syscall(SYS_set_robust_list, area, 23));
    P(syscall(SYS_get_robust_list, 999999, area, area));
    P(syscall(SYS_arch_prctl, 0x9999, 0));
    P(syscall(SYS_arch_prctl, 0x1002, 1UL << 63));
    P(syscall(SYS_arch_prctl, 0x1003, 8));
    P(syscall(SYS_pkey_alloc, 1, 0));
    P(syscall(SYS_sysinfo, 8));
    P(syscall(SYS_clone3, area, 8));
    P(syscall(SYS_clone3, area, 8000));
    P(syscall(SYS_clone3, 8, 88));
    P(syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0));
    P(syscall(SYS_clone, CLONE_THREAD | CLONE_VM, 0, 0, 0, 0));
    P(syscall(SYS_setfsuid, -1));
    P(syscall(SYS_setresuid, -1, -1, -1));
    P(syscall(SYS_sched_rr_get_interval, 999999, area));
    P(syscall(SYS_mbind, area, PAGE, 99, 0, 0, 0));
    P(syscall(SYS_get_mempolicy, 8, 0, 0, 0, 0));
    P(syscall(SYS_set_mempolicy, 99, 0, 0));
    P(syscall(SYS_execve, "/no/such", NULL, NULL));
    P(syscall(SYS_execve, "/etc/passwd", NULL, NULL));
    P(syscall(SYS_execve, "/", NULL, NULL));
    P(syscall(SYS_execve, 8, NULL, NULL));
    P(syscall(SYS_execve, "/proc/self/exe", 8, NULL));
    P(syscall(SYS_execveat, -100, "", NULL, NULL, 0));
    P(syscall(SYS_execveat, -100, "/", NULL, NULL, 0x8000));
}

static void futexes(void)
{
    static uint32_t word[4] __attribute__((aligned(8)));
    struct timespec zero = {0, 0}, bad = {0, -1};
    /* The requeueing ones take the address as a count: a positive int. */
    struct timespec *low =
        mmap((void *)0x20000, PAGE, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    P(low == (void *)0x20000);
    for (int op = 0; op < 16; op++) {
        PI(op, syscall(SYS_futex, word, op, 1, low, word + 1, 1));
        PI(op, syscall(SYS_futex, word, op | 128, 1, low, word + 1, 1));
        PI(op, syscall(SYS_futex, (char *)word + 1, op, 1, low, word + 1, 1));
        PI(op, syscall(SYS_futex, 8, op, 1, low, word + 1, 1));
        word[0] = 0;
    }
    P(syscall(SYS_futex, word, FUTEX_WAIT, 0, &zero, 0, 0));
    P(syscall(SYS_futex, word, FUTEX_WAIT, 0, &bad, 0, 0));
    P(syscall(SYS_futex, word, FUTEX_WAIT, 0, 8, 0, 0));
    P(syscall(SYS_futex, word, FUTEX_WAIT_BITSET, 0, &zero, 0, 0));
    P(syscall(SYS_futex, word, FUTEX_WAIT_BITSET | 256, 0, &zero, 0, -1));
    P(syscall(SYS_futex, word, FUTEX_WAKE_BITSET, 1, 0, 0, 0));
    P(syscall(SYS_futex, word, FUTEX_REQUEUE, -1, -1, word + 1, 0));
    P(syscall(SYS_futex, word, FUTEX_REQUEUE, 1, 1, word + 1, 0));
    P(syscall(SYS_futex, word, FUTEX_CMP_REQUEUE, 1, 1, word + 1, 5));
    P(syscall(SYS_futex, word, FUTEX_CMP_REQUEUE, 1, -1, word + 1, 0));
    P(syscall(SYS_futex, word, FUTEX_CMP_REQUEUE_PI, 1, -1, word + 1, 0));
    P(syscall(SYS_futex, word, FUTEX_LOCK_PI, 0, &zero, 0, 0));
    P(word[0] == (uint32_t)gettid());
    P(syscall(SYS_futex, word, FUTEX_LOCK_PI, 0, &zero, 0, 0));
    P(syscall(SYS_futex, word, FUTEX_TRYLOCK_PI, 0, 0, 0, 0));
    P(syscall(SYS_futex, word, FUTEX_UNLOCK_PI, 0, 0, 0, 0));
    P(word[0]);
    P(syscall(SYS_futex, word, FUTEX_UNLOCK_PI, 0, 0, 0, 0));
    word[0] = 999999;
    P(syscall(SYS_futex, word, FUTEX_LOCK_PI, 0, &zero, 0, 0));
}

int main(void)
{
    clocks();
    memory();
    signals();
    futexes();
    io_priorities();
    usage();
    P(unshare(0));
    P(unshare(CLONE_FS | CLONE_FILES));
    P(unshare(CLONE_SETTLS));
    process_things();
    return 0;
}
