/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPUs' own data, and which of the two ways into the kernel they use.
 */
#include "kernel/core/cpu.h"

#include "kernel/arch/x86_64/arch.h"

struct cpu cpus[ABI_MAX_VCPU];

void cpu_init(struct cpu *cpu, bool several)
{
    struct abi_vcpu *v = &cpu->vcpu;

    v->mask = 1;
    v->self = (uint64_t)cpu;
    v->syscall_entry = (uint64_t)(several ? fast_entry_locked : fast_entry);
    v->upcall_entry = (uint64_t)(several ? upcall_entry_locked : upcall_entry);
    v->exit_begin = (uint64_t)(several ? exit_begin_locked : exit_begin);
    v->exit_end = (uint64_t)(several ? exit_end_locked : exit_end);
}
