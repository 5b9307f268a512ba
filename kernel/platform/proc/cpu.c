/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual CPUs: threads of the tender. CPU 0 is the one it started with; the
 * others were made before the cage closed and park until they are started.
 */
#include "kernel/platform/proc/gate.h"

#include <linux/futex.h>

enum { OWN_CPU = 0 }; /* index into vcpu->platform: struct gate_cpu * */

static uint64_t read_gs_base(void)
{
    uint64_t base;

    __asm__ volatile("rdgsbase %0" : "=r"(base));
    return base;
}

static void write_gs_base(const struct abi_vcpu *vcpu)
{
    __asm__ volatile("wrgsbase %0" : : "r"(vcpu) : "memory");
}

struct gate_cpu *gate_self(void)
{
    const struct abi_vcpu *vcpu;

    if (gate.boot.nr_vcpus == 1)
        return &gate_area[0].cpu;
    vcpu = (const struct abi_vcpu *)read_gs_base();
    return vcpu ? (struct gate_cpu *)vcpu->platform[OWN_CPU]
                : &gate_area[0].cpu;
}

static void adopt(struct gate_cpu *cpu, struct abi_vcpu *vcpu, uint32_t index)
{
    vcpu->self = (uint64_t)vcpu;
    vcpu->index = index;
    vcpu->platform[OWN_CPU] = (uint64_t)cpu;
    __atomic_store_n(&cpu->vcpu, vcpu, __ATOMIC_SEQ_CST);
    vcpu->stop_signals |=
        __atomic_exchange_n(&cpu->early_stop, 0, __ATOMIC_SEQ_CST);
    __atomic_fetch_or(
        &vcpu->pending,
        (uint8_t)__atomic_exchange_n(&cpu->early_pending, 0, __ATOMIC_SEQ_CST),
        __ATOMIC_SEQ_CST);
}

int64_t gate_vcpu_init(struct abi_vcpu *vcpu)
{
    struct gate_cpu *cpu = &gate_area[0].cpu;

    if (cpu->vcpu)
        return -EBUSY;
    write_gs_base(vcpu);
    adopt(cpu, vcpu, 0);
    return 0;
}

int64_t gate_vcpu_start(uint32_t index, struct abi_vcpu *vcpu, uint64_t entry,
                        uint64_t arg, uint64_t stack_top)
{
    struct gate_cpu *cpu;

    if (!index || index >= gate.boot.nr_vcpus)
        return -EINVAL;
    cpu = &gate_area[index].cpu;
    if (cpu->vcpu)
        return -EBUSY;
    cpu->entry = entry;
    cpu->arg = arg;
    cpu->stack_top = stack_top;
    adopt(cpu, vcpu, index);
    __atomic_store_n(&cpu->go, 1, __ATOMIC_RELEASE);
    hostcall3(__NR_futex, (uint64_t)&cpu->go, FUTEX_WAKE_PRIVATE, 1);
    return 0;
}

void gate_park(struct gate_cpu *cpu)
{
    while (!__atomic_load_n(&cpu->go, __ATOMIC_ACQUIRE))
        hostcall4(__NR_futex, (uint64_t)&cpu->go, FUTEX_WAIT_PRIVATE, 0, 0);
    write_gs_base(cpu->vcpu);
    gate_enter(cpu->entry, cpu->arg, cpu->stack_top);
}

int64_t gate_vcpu_kick(uint32_t index)
{
    struct gate_cpu *cpu;

    if (index >= gate.boot.nr_vcpus)
        return -EINVAL;
    cpu = &gate_area[index].cpu;
    if (!cpu->vcpu)
        return -EINVAL;
    __atomic_fetch_or(&cpu->vcpu->pending, ABI_PENDING_KICK, __ATOMIC_SEQ_CST);
    if (cpu == gate_self())
        return 0;
    return hostcall3(__NR_tgkill, (uint64_t)gate.pid, (uint64_t)cpu->tid,
                     GATE_SIG_KICK);
}
