/* SPDX-License-Identifier: BSD-2-Clause */
/* Vector state in signal frames: Linux's layout, edits take effect, the upper
 * halves of AVX registers come back. */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "check.h"

static uint64_t new_xmm4 = 0x1122334455667788;
static volatile int edited;

static void edit(int signo, siginfo_t *info, void *context)
{
    uint8_t *fp = (void *)((ucontext_t *)context)->uc_mcontext.fpregs;
    uint32_t magic1, extended, size, magic2;
    uint64_t features, xstate_bv;

    (void)signo;
    (void)info;
    CHECK(fp != NULL && (uintptr_t)fp % 64 == 0);
    memcpy(&magic1, fp + 464, 4);
    memcpy(&extended, fp + 468, 4);
    memcpy(&features, fp + 472, 8);
    memcpy(&size, fp + 480, 4);
    if (magic1 == 0x46505853) { /* FP_XSTATE_MAGIC1 */
        CHECK(extended == size + 4 && (features & 3) == 3);
        memcpy(&magic2, fp + size, 4);
        CHECK(magic2 == 0x46505845);
        memcpy(&xstate_bv, fp + 512, 8);
        xstate_bv |= 2;
        memcpy(fp + 512, &xstate_bv, 8);
    }
    memcpy(fp + 160 + 4 * 16, &new_xmm4, 8);
    edited = 1;
}

static void test_edit(void)
{
    struct sigaction sa = {.sa_sigaction = edit, .sa_flags = SA_SIGINFO};
    uint64_t got = 0;
    long nr = SYS_tgkill;

    CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
    __asm__ volatile("pxor %%xmm4, %%xmm4\n"
                     "syscall\n"
                     "movq %%xmm4, %1"
                     : "+a"(nr), "=&r"(got)
                     : "D"((long)getpid()), "S"(syscall(SYS_gettid)),
                       "d"((long)SIGUSR1)
                     : "rcx", "r11", "xmm4", "memory");
    CHECK(nr == 0 && edited && got == new_xmm4);
}

static void spoil(int signo)
{
    (void)signo;
    __asm__ volatile("vpcmpeqb %%xmm5, %%xmm5, %%xmm5\n"
                     "vinsertf128 $1, %%xmm5, %%ymm5, %%ymm5"
                     :
                     :
                     : "xmm5");
}

/* The upper half of ymm5 over a signal and many switches. */
static void *keep_upper(void *arg)
{
    double want[4] = {1, 2, 3, (double)(intptr_t)arg}, got[4];

    for (int i = 0; i < 200; i++) {
        long nr = i % 10 ? SYS_sched_yield : SYS_tgkill;

        __asm__ volatile("vmovupd %2, %%ymm5\n"
                         "syscall\n"
                         "vmovupd %%ymm5, %1\n"
                         "vzeroupper"
                         : "+a"(nr), "=m"(got)
                         : "m"(want), "D"((long)getpid()),
                           "S"(syscall(SYS_gettid)), "d"((long)SIGUSR2)
                         : "rcx", "r11", "xmm5", "memory");
        CHECK(nr == 0 && memcmp(got, want, sizeof(want)) == 0);
    }
    return NULL;
}

int main(void)
{
    pthread_t t[3];

    test_edit();
    if (!__builtin_cpu_supports("avx"))
        return 0;
    CHECK(signal(SIGUSR2, spoil) != SIG_ERR);
    for (intptr_t i = 0; i < 3; i++)
        CHECK(pthread_create(&t[i], NULL, keep_upper, (void *)i) == 0);
    for (int i = 0; i < 3; i++)
        CHECK(pthread_join(t[i], NULL) == 0);
    return 0;
}
