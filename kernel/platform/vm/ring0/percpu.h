/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several CPUs in ring 0. Each has a stack that begins with its own data, so
 * that it finds them by its stack pointer. The address space has one lock; who
 * waits for it has interrupts off and looks meanwhile whether it is to forget
 * page-table entries. With one CPU nobody comes here: smp_several is false
 * until a second one is asked for.
 */
#ifndef EINKORN_VM_PERCPU_H
#define EINKORN_VM_PERCPU_H

#include "kernel/platform/vm/ring0/shim.h"

#pragma GCC visibility push(hidden)

/* boot.S knows the first; the lowest page holds the data, and from its end
 * down the stack of fatal exceptions. */
#define SHIM_STACK_BYTES UINT64_C(16384)
#define SHIM_IST_BYTES UINT64_C(4096)

struct shim_cpu {
    /* In the kernel's memory. Touching it from ring 0 may fault in a page; if
     * that is impossible the instance ends. */
    struct abi_vcpu *vcpu;
    uint64_t tick_ns;
    uint32_t index, apic;
    bool timer_fired;
    bool online;      /* atomic; the first one's: once there are several */
    bool idle;        /* atomic: it looks at flush_asked before it goes on */
    uint64_t flushed; /* atomic: what it has done of flush_asked */
};

extern struct shim_cpu shim_cpu0;

static inline struct shim_cpu *this_shim_cpu(void)
{
    uint64_t sp;

    __asm__("mov %%rsp, %0" : "=r"(sp));
    return (struct shim_cpu *)(sp & -SHIM_STACK_BYTES);
}

static inline uint64_t shim_cpu_stack(const struct shim_cpu *cpu)
{
    return (uint64_t)cpu + SHIM_STACK_BYTES;
}

static inline uint64_t shim_cpu_ist(const struct shim_cpu *cpu)
{
    return (uint64_t)cpu + SHIM_IST_BYTES;
}

/* ---- smp.c ------------------------------------------------------------- */

/* A second CPU was asked for. Never false again. */
extern bool smp_several;

/* For page.c, space.c, range.c, fault.c. Letting go gives back pages that were
 * freed meanwhile. */
void smp_lock(void);
void smp_unlock(void);
/* space_fault() under the lock. */
bool smp_fault(uint64_t addr, uint32_t error);
/* Page tables have changed: returns when no other CPU remembers an entry that
 * it could still use. Under the lock. */
void smp_flush_others(void);

/* Around waiting for an interrupt: others need not wait for this CPU to
 * forget; it does so when it is awake. */
void smp_idle(struct shim_cpu *cpu);
void smp_awake(struct shim_cpu *cpu);

/* VM_VCPU_START, VM_VCPU_KICK. */
int64_t smp_start(uint64_t index, uint64_t vcpu);
int64_t smp_kick(uint64_t index);

/* boot.S: the first C function of a further CPU, on its own stack. */
_Noreturn void smp_join(void);

extern const char smp_trampoline[], smp_trampoline_end[];

#pragma GCC visibility pop

#endif
