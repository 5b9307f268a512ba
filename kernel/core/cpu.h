/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Per-CPU data, found through GS. The platform's view (struct abi_vcpu) comes
 * first, so that one base serves both.
 */
#ifndef EINKORN_KERNEL_CORE_CPU_H
#define EINKORN_KERNEL_CORE_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/platform.h"

struct clock_page;
struct thread;

struct cpu {
    struct abi_vcpu vcpu;           /* must be first: GS base */
    const struct clock_page *clock; /* the vDSO's way to it */
    struct thread *current;         /* thread whose kernel stack we run on */
    struct thread *fpu_owner;       /* whose vector state is in the registers */
    bool need_resched; /* current should yield before it leaves the kernel */
    bool work; /* sched_return_to_user() has something to do on the way out */
    bool ticking;         /* platform.ops.tick() is on */
    uint64_t switched_ns; /* when current began to run, for its cpu_ns */
};

/* Ask for a look round before the current thread leaves the kernel. */
static inline void cpu_set_work(struct cpu *cpu)
{
    cpu->work = true;
}

/* The boot information and, through it, the platform's calls. Set first thing
 * in kernel_main and constant from then on. The one re-bindable place that
 * knows host-side pointers. */
struct platform {
    const struct abi_boot *boot;
    struct abi_ops ops; /* copied: one load less on the way down */
};
extern struct platform platform;

static inline struct cpu *this_cpu(void)
{
    struct cpu *cpu;

    __asm__("mov %%gs:8, %0" : "=r"(cpu)); /* ABI_VCPU_SELF */
    return cpu;
}

static inline struct thread *current_thread(void)
{
    return this_cpu()->current;
}

#endif
