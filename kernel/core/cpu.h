/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Per-CPU data, found through GS. The platform's view (struct abi_vcpu) comes
 * first, so that one base serves both. All but that view is read and written
 * under the kernel lock (kernel/core/lock.h), by other CPUs too.
 */
#ifndef EINKORN_KERNEL_CORE_CPU_H
#define EINKORN_KERNEL_CORE_CPU_H

#include <stdbool.h>
#include <stddef.h>
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
    bool idle;            /* sleeps in wait() and was not called since */
    bool watching;        /* ... and there for devices too */
    bool awaited;         /* sched/smp.c: somebody waits until it comes by */
    uint64_t switched_ns; /* when current began to run, for its cpu_ns */
    struct thread *dead;  /* its memory goes with the next switch */
    struct thread *idler; /* whose stack to wait on; NULL with one CPU */
    uint64_t deadline_ns; /* until when it sleeps */
    uint64_t entries;     /* how often it took the kernel lock */
} __attribute__((aligned(64)));

extern struct cpu cpus[ABI_MAX_VCPU];

/* What the platform must know of a CPU before it runs: entries and window of
 * the kernel, for one CPU or for several. Masked. */
void cpu_init(struct cpu *cpu, bool several);

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

/* A thread may come back from any function on another CPU: the input makes
 * the compiler read anew after each call. */
static inline struct cpu *this_cpu(void)
{
    struct cpu *cpu;

    __asm__("mov %%gs:%c1, %0"
            : "=r"(cpu)
            : "i"(ABI_VCPU_SELF), "m"(cpus[0].vcpu.self));
    return cpu;
}

static inline struct thread *current_thread(void)
{
    struct thread *t;

    __asm__("mov %%gs:%c1, %0"
            : "=r"(t)
            : "i"(offsetof(struct cpu, current)), "m"(cpus[0].current));
    return t;
}

#endif
