/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A timer that sends a signal. On a CPU clock it looks at the clock when it
 * could have come so far at the earliest, and again.
 */
#ifndef EINKORN_KERNEL_LINUX_SIGTIMER_H
#define EINKORN_KERNEL_LINUX_SIGTIMER_H

#include <stdint.h>

#include "kernel/core/clock.h"
#include "kernel/sched/signal.h"

struct signal_timer {
    struct list node; /* all made by timer_create */
    struct timer timer;
    int32_t id;
    int32_t clock;
    uint64_t expires, interval; /* on `clock` (0: disarmed), its units */
    struct siginfo_k info;      /* signo 0: SIGEV_NONE */
    int32_t tid;                /* SIGEV_THREAD_ID, else 0 */
    int32_t overrun;
};

/* Its clock's reading. */
uint64_t sigtimer_now(const struct signal_timer *t);
/* expires: on its clock, 0: off. interval 0: once. */
void sigtimer_arm(struct signal_timer *t, uint64_t expires, uint64_t interval);
/* Until it expires; 0: off. */
uint64_t sigtimer_left(const struct signal_timer *t);

/* execve(2): what timer_create(2) made is gone; interval timers go on. */
void timers_exec(void);

#endif
