/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals: frames, masks, queues, alternate stacks, faults with an editable
 * context, interrupted and restarted calls. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "check.h"

static volatile int calls, last_signo, last_value, order[8];
static volatile siginfo_t last_info;

static void note(int signo, siginfo_t *info, void *context)
{
    (void)context;
    last_signo = signo;
    last_info = *info;
    last_value = info->si_value.sival_int;
    if (calls < 8)
        order[calls] = last_value;
    calls++;
}

static void handle(int signo, void (*fn)(int, siginfo_t *, void *), int flags)
{
    struct sigaction sa = {.sa_sigaction = fn, .sa_flags = SA_SIGINFO | flags};

    sigemptyset(&sa.sa_mask);
    CHECK(sigaction(signo, &sa, NULL) == 0);
}

static void test_basic(void)
{
    struct sigaction old;
    sigset_t set, pending;

    handle(SIGUSR1, note, 0);
    CHECK(raise(SIGUSR1) == 0 && calls == 1 && last_signo == SIGUSR1);
    CHECK(last_info.si_code == SI_TKILL && last_info.si_pid == getpid());
    CHECK(kill(getpid(), SIGUSR1) == 0 && calls == 2);
    CHECK(last_info.si_code == SI_USER);
    CHECK(sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_sigaction == note);
    CHECK(kill(getpid(), 65) == -1 && errno == EINVAL);
    CHECK(kill(getpid(), 0) == 0);
    CHECK(kill(99999, 0) == -1 && errno == ESRCH);

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    raise(SIGUSR1);
    raise(SIGUSR1);
    CHECK(calls == 2);
    CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1));
    CHECK(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
    CHECK(calls == 3); /* standard signals do not queue */
}

static void test_queue(void)
{
    union sigval v;
    sigset_t set;

    handle(SIGRTMIN + 1, note, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    calls = 0;
    for (v.sival_int = 1; v.sival_int <= 3; v.sival_int++)
        CHECK(sigqueue(getpid(), SIGRTMIN + 1, v) == 0);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    CHECK(calls == 3 && last_info.si_code == SI_QUEUE);
    CHECK(order[0] + order[1] + order[2] == 6);
}

static void test_flags(void)
{
    struct sigaction sa;

    calls = 0;
    handle(SIGUSR2, note, SA_RESETHAND);
    raise(SIGUSR2);
    CHECK(calls == 1);
    CHECK(sigaction(SIGUSR2, NULL, &sa) == 0 && sa.sa_handler == SIG_DFL);
    signal(SIGUSR2, SIG_IGN);
    raise(SIGUSR2);
    CHECK(calls == 1);
    CHECK(raise(SIGCHLD) == 0 && raise(SIGWINCH) == 0 && raise(SIGURG) == 0);
}

static int depth;

static void nested(int signo, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    if (++depth < 3)
        raise(signo);
}

static void test_nodefer(void)
{
    handle(SIGUSR2, nested, SA_NODEFER);
    raise(SIGUSR2);
    CHECK(depth == 3);
}

static char *alt;
static volatile int on_alt;

static void check_alt(int signo, siginfo_t *info, void *context)
{
    char here;
    stack_t now;

    (void)signo;
    (void)info;
    on_alt = &here >= alt && &here < alt + 65536;
    CHECK(((ucontext_t *)context)->uc_stack.ss_sp == alt);
    CHECK(sigaltstack(NULL, &now) == 0 && now.ss_flags == SS_ONSTACK);
    now.ss_flags = 0;
    CHECK(sigaltstack(&now, NULL) == -1 && errno == EPERM);
}

static void test_altstack(void)
{
    stack_t ss = {.ss_size = 65536}, old;

    alt = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
               -1, 0);
    ss.ss_sp = alt;
    CHECK(sigaltstack(&ss, NULL) == 0);
    handle(SIGUSR1, check_alt, SA_ONSTACK);
    raise(SIGUSR1);
    CHECK(on_alt);
    ss.ss_flags = SS_DISABLE;
    CHECK(sigaltstack(&ss, &old) == 0 && old.ss_sp == alt);
    CHECK(sigaltstack(NULL, &old) == 0 && old.ss_flags == SS_DISABLE);
}

/* A null check as in Go and Java: the handler moves the program counter. */
static void skip_fault(int signo, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    last_signo = signo;
    last_info = *info;
    uc->uc_mcontext.gregs[REG_RAX] = 4711;
    uc->uc_mcontext.gregs[REG_RIP] = uc->uc_mcontext.gregs[REG_RBX];
}

static long load(volatile long *addr)
{
    long value;

    __asm__ volatile("lea 1f(%%rip), %%rbx\n"
                     "mov (%1), %0\n"
                     "1:"
                     : "=a"(value)
                     : "r"(addr)
                     : "rbx", "memory");
    return value;
}

static void test_faults(void)
{
    char *page =
        mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    handle(SIGSEGV, skip_fault, 0);
    CHECK(load((long *)0x14) == 4711);
    CHECK(last_info.si_code == SEGV_MAPERR &&
          last_info.si_addr == (void *)0x14);
    CHECK(load((long *)(page + 8)) == 4711);
    CHECK(last_info.si_code == SEGV_ACCERR && last_info.si_addr == page + 8);
    CHECK(load((long *)0x8000000000000000) == 4711);
    CHECK(last_info.si_code == SI_KERNEL);
    handle(SIGFPE, skip_fault, 0);
    __asm__ volatile("lea 1f(%%rip), %%rbx\n"
                     "xor %%ecx, %%ecx\n"
                     "xor %%edx, %%edx\n"
                     "idiv %%ecx\n"
                     "1:"
                     :
                     :
                     : "rax", "rbx", "rcx", "rdx", "memory");
    CHECK(last_signo == SIGFPE && last_info.si_code == FPE_INTDIV);
    handle(SIGILL, skip_fault, 0);
    __asm__ volatile("lea 1f(%%rip), %%rbx\n"
                     "ud2\n"
                     "1:"
                     :
                     :
                     : "rax", "rbx", "memory");
    CHECK(last_signo == SIGILL);
    munmap(page, 4096);
}

/* All registers come back, vector ones too, and the red zone is untouched. */
static void spoil(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)info;
    (void)context;
    __asm__ volatile("pcmpeqb %%xmm3, %%xmm3\n"
                     "mov $-1, %%r8\n"
                     "mov $-1, %%r10\n"
                     :
                     :
                     : "xmm3", "r8", "r10");
}

static void test_registers(void)
{
    uint64_t r8 = 0, r10 = 0, red = 0, xmm = 0;
    long nr = SYS_tgkill;

    handle(SIGUSR1, spoil, 0);
    __asm__ volatile("mov $0x1234, %%r8\n"
                     "mov $0x5678, %%r10\n"
                     "movq %%r8, %%xmm3\n"
                     "movq $0x9abc, -64(%%rsp)\n"
                     "syscall\n"
                     "mov -64(%%rsp), %3\n"
                     "mov %%r8, %1\n"
                     "mov %%r10, %2\n"
                     "movq %%xmm3, %4"
                     : "+a"(nr), "=&r"(r8), "=&r"(r10), "=&r"(red), "=&r"(xmm)
                     : "D"((long)getpid()), "S"(syscall(SYS_gettid)),
                       "d"((long)SIGUSR1)
                     : "rcx", "r11", "r8", "r10", "xmm3", "memory");
    CHECK(nr == 0 && r8 == 0x1234 && r10 == 0x5678 && red == 0x9abc);
    CHECK(xmm == 0x1234);
}

static pthread_t main_thread;

static void *poke(void *arg)
{
    usleep(50000);
    pthread_kill(main_thread, SIGUSR1);
    usleep(50000);
    if (arg)
        *(volatile int *)arg = 1;
    return arg;
}

static void test_interruption(void)
{
    struct timespec ts = {.tv_sec = 10}, rem = {0};
    volatile int word = 0;
    pthread_t t;
    int p[2];
    char c = 0;

    main_thread = pthread_self();
    handle(SIGUSR1, note, 0);
    CHECK(pthread_create(&t, NULL, poke, NULL) == 0);
    CHECK(nanosleep(&ts, &rem) == -1 && errno == EINTR);
    CHECK(rem.tv_sec == 9 && rem.tv_nsec > 0);
    pthread_join(t, NULL);
    CHECK(pthread_create(&t, NULL, poke, NULL) == 0);
    CHECK(pause() == -1 && errno == EINTR);
    pthread_join(t, NULL);
    CHECK(pipe(p) == 0);
    CHECK(pthread_create(&t, NULL, poke, NULL) == 0);
    CHECK(read(p[0], &c, 1) == -1 && errno == EINTR);
    pthread_join(t, NULL);

    handle(SIGUSR1, note, SA_RESTART); /* ends by the timeout, not by EINTR */
    CHECK(pthread_create(&t, NULL, poke, (void *)&word) == 0);
    ts = (struct timespec){.tv_nsec = 300000000};
    CHECK(syscall(SYS_futex, &word, 128, 0, &ts, NULL, 0) == -1);
    CHECK(errno == EINTR || errno == ETIMEDOUT);
    pthread_join(t, NULL);
}

static void test_waiting(void)
{
    struct timespec ts = {.tv_nsec = 20000000};
    sigset_t set, none;
    siginfo_t info;
    pthread_t t;

    sigemptyset(&none);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    CHECK(sigtimedwait(&set, &info, &ts) == -1 && errno == EAGAIN);
    CHECK(pthread_create(&t, NULL, poke, NULL) == 0);
    CHECK(sigwaitinfo(&set, &info) == SIGUSR1 && info.si_pid == getpid());
    pthread_join(t, NULL);
    calls = 0;
    raise(SIGUSR1);
    CHECK(calls == 0);
    CHECK(sigsuspend(&none) == -1 && errno == EINTR && calls == 1);
    raise(SIGUSR1);
    CHECK(calls == 1); /* blocked again */
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    CHECK(calls == 2);
}

static sigjmp_buf again;

static void jump(int signo, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    siglongjmp(again, signo);
}

static void test_longjmp(void)
{
    volatile int n = 0;

    handle(SIGSEGV, jump, 0);
    if (sigsetjmp(again, 1) && ++n == 3)
        return;
    load((long *)16);
}

int main(void)
{
    test_basic();
    test_queue();
    test_flags();
    test_nodefer();
    test_altstack();
    test_faults();
    test_registers();
    test_interruption();
    test_waiting();
    test_longjmp();
    return 0;
}
