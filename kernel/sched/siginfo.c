/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * siginfo_t as programs see it: sigaction(2), "The siginfo_t argument".
 */
#include <asm-generic/siginfo.h>
#include <asm/signal.h>

#include "kernel/core/uaccess.h"
#include "kernel/sched/sigqueue.h"

static bool is_fault(const struct siginfo_k *info)
{
    const sigset64_t faults = SIGBIT(SIGILL) | SIGBIT(SIGFPE) |
                              SIGBIT(SIGSEGV) | SIGBIT(SIGBUS) |
                              SIGBIT(SIGTRAP);

    return info->code > 0 && (faults & SIGBIT(info->signo));
}

union siginfo_image signal_image(const struct siginfo_k *info)
{
    union siginfo_image s = {.bytes = {0}};

    s.signo = info->signo;
    s.errno_ = info->errno_;
    s.code = info->code;
    if (is_fault(info)) {
        s.fault.addr = info->value;
    } else if (info->code == SI_TIMER) {
        s.timer.timer_id = info->timer_id;
        s.timer.overrun = info->overrun;
        s.timer.value = info->value;
    } else {
        s.sent.pid = info->pid;
        s.sent.uid = info->uid;
        s.sent.value = info->value;
    }
    return s;
}

int signal_copy_info(uint64_t uptr, const struct siginfo_k *info)
{
    union siginfo_image s = signal_image(info);

    return copy_out(uptr, &s);
}
