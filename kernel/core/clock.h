/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time and timers. Clocks are read with rdtsc and re-synchronised with the
 * platform about once a second; monotonic time never goes back. Timers are
 * kept in a heap; callbacks run in kernel context (idle, tick, system call
 * exit), never nested, and may arm timers again.
 */
#ifndef EINKORN_KERNEL_CORE_CLOCK_H
#define EINKORN_KERNEL_CORE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/arch/x86_64/vdso/vdso.h"

#define NSEC_PER_SEC UINT64_C(1000000000)
#define NO_DEADLINE UINT64_MAX

void clock_init(void);
bool clock_ready(void); /* clock_init() has run */
uint64_t clock_mono_ns(void);
int64_t clock_real_ns(void);
/* Take a fresh sample of the platform's clocks (restored, or long asleep). */
void clock_resync(void);
/* What the vDSO reads too: vdso.h says how. */
const struct clock_page *clock_page(void);

struct timer {
    uint64_t deadline_ns; /* monotonic */
    void (*fn)(struct timer *timer);
    uint32_t slot; /* place in the heap, 0: not armed */
};

/* (Re-)arms; fn must be set. */
void timer_set(struct timer *timer, uint64_t deadline_mono_ns);
void timer_cancel(struct timer *timer); /* not armed is fine */
static inline bool timer_armed(const struct timer *timer)
{
    return timer->slot != 0;
}

/* `earlier` is called when the next deadline became an earlier one. */
void timer_notify(void (*earlier)(void));
/* Runs what is due; returns the next deadline or NO_DEADLINE. */
uint64_t timer_run(void);
uint64_t timer_next(void); /* the next deadline, or NO_DEADLINE */

#endif
