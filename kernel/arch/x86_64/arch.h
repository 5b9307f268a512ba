/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the rest of the kernel asks of the processor: assembly routines and
 * single instructions that C cannot express.
 */
#ifndef EINKORN_KERNEL_ARCH_X86_64_ARCH_H
#define EINKORN_KERNEL_ARCH_X86_64_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/platform.h"
#include "kernel/arch/x86_64/frame.h"

/* Labels of entry.S, for struct abi_vcpu: for one CPU, for several. */
extern const char fast_entry[], upcall_entry[], exit_begin[], exit_end[];
extern const char fast_entry_locked[], upcall_entry_locked[];
extern const char exit_begin_locked[], exit_end_locked[];

/* Save callee-saved registers and the stack pointer, continue elsewhere. */
void arch_switch(uint64_t *save_sp, uint64_t load_sp);
/* Stack pointer for arch_switch that begins fn(arg) on the given stack. */
uint64_t arch_prepare_stack(uint64_t top, void (*fn)(void *), void *arg);
/* Leave with the frame that vcpu->frame names. */
_Noreturn void arch_exit_to_user(void);

int arch_copy_user(void *dst, const void *src, size_t len_bytes);
int arch_clear_user(void *dst, size_t len_bytes);
int64_t arch_strncpy_user(char *dst, const char *src, size_t size_bytes);
int arch_get_user_u32(const uint32_t *addr, uint32_t *value);
int arch_cmpxchg_user_u32(uint32_t *addr, uint32_t *old, uint32_t new_value);
/* Where to go on after a fault at rip, or 0 if it was not expected. */
uint64_t arch_fixup(uint64_t rip);

/* Calls fn for each return address, innermost first, at most 32. */
void arch_backtrace(uint64_t rbp, void (*fn)(uint64_t pc));

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

/* 4.5 us under some hypervisors: never on a hot path. */
static inline struct cpuid arch_cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid r;

    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(subleaf));
    return r;
}

/* The same, from the table that patched programs use where it has it. */
struct cpuid arch_cpuid_known(uint32_t leaf, uint32_t subleaf);

static inline uint64_t arch_rdtsc(void)
{
    uint32_t lo, hi;

    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return (uint64_t)hi << 32 | lo;
}

/* Read after all loads before it: not earlier than what another CPU read
 * before it stored what we have loaded (Intel SDM, RDTSC). */
static inline uint64_t arch_rdtsc_ordered(void)
{
    __asm__ volatile("lfence" : : : "memory");
    return arch_rdtsc();
}

/* In a loop that waits for another CPU. */
static inline void arch_pause(void)
{
    __asm__ volatile("pause");
}

static inline uint64_t arch_fs_base(void)
{
    uint64_t base;

    __asm__ volatile("rdfsbase %0" : "=r"(base));
    return base;
}

static inline void arch_set_fs_base(uint64_t base)
{
    __asm__ volatile("wrfsbase %0" : : "r"(base) : "memory");
}

#endif
