/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * setitimer(2), getitimer(2), alarm(2).
 */
#include <asm-generic/siginfo.h>
#include <asm/errno.h>
#include <asm/signal.h>

#include "kernel/linux/calls.h"
#include "kernel/linux/sigtimer.h"
#include "kernel/linux/timespec.h"

enum { ITIMER_KINDS = 3 };

static struct signal_timer itimers[ITIMER_KINDS] = {
    {.clock = CLOCK_ID_MONOTONIC, .info = {.signo = SIGALRM}},
    {.clock = CLOCK_ID_PROCESS_CPU, .info = {.signo = SIGVTALRM}},
    {.clock = CLOCK_ID_PROCESS_CPU, .info = {.signo = SIGPROF}},
};

static int put_itimerval(uint64_t addr, uint64_t interval, uint64_t value)
{
    int err = timeval_to_user(addr, interval);

    /* A timer that is on never reads zero. */
    return err ? err
               : timeval_to_user(addr + 16,
                                 value && value < 1000 ? 1000 : value);
}

int64_t sys_getitimer(struct abi_frame *r)
{
    if (r->rdi >= ITIMER_KINDS)
        return -EINVAL;
    return put_itimerval(r->rsi, itimers[r->rdi].interval,
                         sigtimer_left(&itimers[r->rdi]));
}

int64_t sys_setitimer(struct abi_frame *r)
{
    uint64_t interval = 0, value = 0, old_interval, old_value;
    struct signal_timer *t;
    int err = 0;

    if (r->rdi >= ITIMER_KINDS)
        return -EINVAL;
    t = &itimers[r->rdi];
    if (r->rsi)
        err = timeval_from_user(r->rsi, &interval);
    if (r->rsi && !err)
        err = timeval_from_user(r->rsi + 16, &value);
    if (err)
        return err;
    old_interval = t->interval;
    old_value = sigtimer_left(t);
    t->info.code = SI_KERNEL;
    sigtimer_arm(t, value ? sigtimer_now(t) + value : 0, interval);
    return r->rdx ? put_itimerval(r->rdx, old_interval, old_value) : 0;
}

int64_t sys_alarm(struct abi_frame *r)
{
    struct signal_timer *t = &itimers[0];
    uint64_t before = sigtimer_left(t), seconds = (uint32_t)r->rdi;

    t->info.code = SI_KERNEL;
    sigtimer_arm(t, seconds ? sigtimer_now(t) + seconds * NSEC_PER_SEC : 0, 0);
    return (int64_t)((before + NSEC_PER_SEC - 1) / NSEC_PER_SEC);
}
