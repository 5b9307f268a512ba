/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several CPUs: who else is there, what they are told and when. One at a time
 * is in the kernel (core/lock.h); all this runs under that lock. With one CPU
 * nothing here does anything.
 */
#ifndef EINKORN_KERNEL_SCHED_SMP_H
#define EINKORN_KERNEL_SCHED_SMP_H

#include "kernel/sched/thread.h"

struct smp {
    uint32_t nr_cpus;
    struct thread *only; /* others may not run; NULL: all may */
};
extern struct smp smp;

static inline bool smp_several(void)
{
    return __builtin_expect(smp.nr_cpus > 1, 0);
}

static inline bool smp_may_run(const struct thread *t, const struct cpu *cpu)
{
    return (t->affinity >> cpu->vcpu.index & 1) && (!smp.only || smp.only == t);
}

/* Start the other CPUs; each waits until there is something for it. Takes the
 * kernel lock for this one. */
void smp_start(void);
/* The calling CPU, on its idler's stack, waits for a kick, and for devices and
 * the next timer unless another one does. */
void smp_wait(struct cpu *cpu);
/* A CPU waits for devices and timers. */
bool smp_watched(void);
/* Before a CPU goes back to the program: who waits idly gets what waits to
 * run; once a tick has come, devices too. */
void smp_settle(struct cpu *cpu, bool tick_came);
/* This CPU came by the kernel: whoever waited for that goes on. */
void smp_passed(void);
/* If t runs, here or elsewhere, it looks round (signals, affinity) before it
 * goes on in the program. */
void smp_poke(struct thread *t);
/* Returns when no other thread runs, nor will again: for a crash report. */
void smp_stop_others(void);
/* membarrier(2): every CPU that runs the program has come by the kernel. */
void smp_barrier(void);

#endif
