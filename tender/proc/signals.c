/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Points the host's signals at the gate. All that can be caught are, those from
 * 32 on by the one that carries their number (abi/handover.h): as the first
 * process of a process namespace, only those would arrive at all.
 */
#include "abi/handover.h"
#include "tender/common/say.h"
#include "tender/common/sys.h"
#include "tender/proc/launch.h"

/* clang-format off: Linux's headers need this order */
#include <asm/siginfo.h>
#include <asm/signal.h>
/* clang-format on */
#include <linux/time.h>

#define BIT(sig) (UINT64_C(1) << ((sig)-1))
#define EXCEPTIONS                                                             \
    (BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGSEGV) |   \
     BIT(SIGSYS))
#define NOT_OURS (BIT(SIGKILL) | BIT(SIGSTOP))

/* As the host's rt_sigaction takes it. */
struct kernel_sigaction {
    void (*handler)(int, void *, void *);
    uint64_t flags;
    void (*restorer)(void);
    uint64_t mask;
};

enum { SIGNALS = 31 };

static void install(int sig, const struct kernel_sigaction *action)
{
    int64_t ret = sys4(__NR_rt_sigaction, sig, action, 0, sizeof(action->mask));

    if (ret < 0)
        die("signal handler %d: %s", sig, errno_text(ret));
}

void signals_install(void)
{
    const struct kernel_sigaction exception = {
        .handler = gate_on_exception,
        .flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTORER,
        .restorer = gate_restorer,
        .mask = ~EXCEPTIONS,
    };
    const struct kernel_sigaction event = {
        .handler = gate_on_event,
        .flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_RESTORER,
        .restorer = gate_restorer,
        .mask = ~EXCEPTIONS,
    };
    const struct kernel_sigaction ignore = {
        .handler = (void (*)(int, void *, void *))(uint64_t)1 /* SIG_IGN */,
    };
    uint64_t none = 0;

    for (int sig = 1; sig <= SIGNALS; sig++) {
        if (sig == SIGPIPE)
            install(sig, &ignore);
        else if (!(NOT_OURS & BIT(sig)))
            install(sig, EXCEPTIONS & BIT(sig) ? &exception : &event);
    }
    install(HANDOVER_SIGNAL, &event);
    sys4(__NR_rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof(none));
}

static void make_timer(struct gate_cpu *cpu)
{
    struct sigevent event = {0};
    int64_t ret;

    event.sigev_signo = GATE_SIG_TICK;
    event.sigev_notify = SIGEV_THREAD_ID;
    event._sigev_un._tid = cpu->tid;
    ret = sys3(__NR_timer_create, CLOCK_THREAD_CPUTIME_ID, &event, &cpu->timer);
    if (ret < 0)
        die("tick timer: %s", errno_text(ret));
}

void signals_thread(struct gate_cpu_area *area)
{
    const stack_t stack = {
        .ss_sp = area->stack,
        .ss_size = sizeof(area->stack),
    };
    int64_t ret = sys2(__NR_sigaltstack, &stack, 0);

    if (ret < 0)
        die("signal stack: %s", errno_text(ret));
    area->cpu.tid = (int32_t)sys0(__NR_gettid);
    make_timer(&area->cpu);
}
