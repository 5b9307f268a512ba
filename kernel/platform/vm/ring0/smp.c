/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several CPUs: how they start, who may change the address space, and how the
 * others learn that it has changed. See percpu.h.
 */
#include "kernel/platform/vm/ring0/asm.h"
#include "kernel/platform/vm/ring0/percpu.h"
#include "kernel/platform/vm/ring0/space.h"
#include "lib/string.h"

/* Below 1 MiB, where nothing is kept: the trampoline, and behind it the tables
 * by which it gets up here (boot.S knows the place). */
#define SMP_TRAMPOLINE UINT64_C(0x8000)
#define START_NS UINT64_C(2000000000)
#define AGAIN_NS UINT64_C(10000000)

bool smp_several;
/* For entry.S, by index; that of CPU 0 is known there. */
extern uint64_t smp_stacks[ABI_MAX_VCPU], smp_stack;
uint64_t smp_stacks[ABI_MAX_VCPU];
uint64_t smp_stack; /* of the one that starts */

static struct shim_cpu *cpus[ABI_MAX_VCPU] = {&shim_cpu0};
static bool locked;          /* atomic */
static uint64_t flush_asked; /* atomic; raised under the lock */

static void pause(void)
{
    __asm__ volatile("pause" ::: "memory");
}

/* ---- forgetting --------------------------------------------------------- */

/* What is asked for while this runs is done by another round. */
static void flush(struct shim_cpu *cpu)
{
    uint64_t asked = __atomic_load_n(&flush_asked, __ATOMIC_SEQ_CST);

    if (cpu->flushed == asked)
        return;
    write_cr3(read_cr3());
    __atomic_store_n(&cpu->flushed, asked, __ATOMIC_SEQ_CST);
}

void smp_idle(struct shim_cpu *cpu)
{
    __atomic_store_n(&cpu->idle, true, __ATOMIC_SEQ_CST);
}

void smp_awake(struct shim_cpu *cpu)
{
    __atomic_store_n(&cpu->idle, false, __ATOMIC_SEQ_CST);
    flush(cpu);
}

static bool is_behind(const struct shim_cpu *cpu, uint64_t asked)
{
    return cpu && __atomic_load_n(&cpu->online, __ATOMIC_SEQ_CST) &&
           !__atomic_load_n(&cpu->idle, __ATOMIC_SEQ_CST) &&
           __atomic_load_n(&cpu->flushed, __ATOMIC_SEQ_CST) < asked;
}

void smp_flush_others(void)
{
    struct shim_cpu *self = this_shim_cpu();
    uint64_t asked = __atomic_add_fetch(&flush_asked, 1, __ATOMIC_SEQ_CST);

    for (uint32_t i = 0; i < ABI_MAX_VCPU; i++)
        if (cpus[i] != self && is_behind(cpus[i], asked))
            irq_send(cpus[i]->apic, VECTOR_FLUSH);
    for (uint32_t i = 0; i < ABI_MAX_VCPU; i++)
        while (cpus[i] != self && is_behind(cpus[i], asked))
            pause();
}

/* ---- the lock ----------------------------------------------------------- */

void smp_lock(void)
{
    while (__atomic_exchange_n(&locked, true, __ATOMIC_ACQUIRE)) {
        flush(this_shim_cpu());
        pause();
    }
}

void smp_unlock(void)
{
    page_release_held();
    __atomic_store_n(&locked, false, __ATOMIC_RELEASE);
}

bool smp_fault(uint64_t addr, uint32_t error)
{
    bool done;

    smp_lock();
    done = space_fault(addr, error);
    smp_unlock();
    return done;
}

/* ---- start -------------------------------------------------------------- */

/* Aligned as its size, so that the stack pointer finds it. */
static struct shim_cpu *make_cpu(uint32_t index, uint64_t vcpu)
{
    const uint64_t nr_pages = SHIM_STACK_BYTES / PAGE_SIZE;
    phys_t at = page_alloc_contiguous(2 * nr_pages - 1);
    struct shim_cpu *cpu =
        phys_to_virt((at + SHIM_STACK_BYTES - 1) & -SHIM_STACK_BYTES);

    if (!at)
        return NULL;
    cpu->index = index;
    cpu->apic = acpi_apic_of(index);
    cpu->vcpu = (struct abi_vcpu *)vcpu;
    smp_stack = smp_stacks[index] = shim_cpu_stack(cpu);
    return cpu;
}

/* The upper half, and the first 4 GiB where they lie. */
static void put_trampoline(void)
{
    uint64_t *pml4 = phys_to_virt(SMP_TRAMPOLINE + PAGE_SIZE);

    memcpy(phys_to_virt(SMP_TRAMPOLINE), smp_trampoline,
           (uintptr_t)smp_trampoline_end - (uintptr_t)smp_trampoline);
    memset(pml4, 0, PAGE_SIZE);
    pml4[0] = space_pml4[256] & ~PTE_NX;
    pml4[NR_ENTRIES - 1] = space_pml4[NR_ENTRIES - 1];
}

static bool await_online(const struct shim_cpu *cpu, uint64_t ns)
{
    uint64_t begin = rdtsc(), ticks = irq_tsc_of(ns);

    while (!__atomic_load_n(&cpu->online, __ATOMIC_SEQ_CST)) {
        if (rdtsc() - begin > ticks)
            return false;
        pause();
    }
    return true;
}

/* The own monitor holds it in the state that cpu_entry wants; others know the
 * PC's way (Intel SDM, volume 3, 9.4.4). */
static bool call(const struct shim_cpu *cpu)
{
    if (monitor) {
        outl(MONITOR_PORT_DO, MONITOR_REQUEST(MONITOR_DO_START, cpu->index));
        return await_online(cpu, START_NS);
    }
    put_trampoline();
    irq_send_init(cpu->apic);
    irq_send_sipi(cpu->apic, SMP_TRAMPOLINE);
    if (await_online(cpu, AGAIN_NS))
        return true;
    irq_send_sipi(cpu->apic, SMP_TRAMPOLINE);
    return await_online(cpu, START_NS);
}

static bool index_ok(uint64_t index)
{
    if (monitor && index >= monitor->nr_vcpus)
        return false;
    return index < ABI_MAX_VCPU && (!acpi_nr_cpus() || index < acpi_nr_cpus());
}

/* One that does not come may yet, to a stack that must still be its own: then
 * no other is started. */
static int64_t start(uint64_t index, uint64_t vcpu)
{
    static bool missing;
    struct shim_cpu *cpu;

    if (missing || cpus[index])
        return -EINVAL;
    cpu = make_cpu((uint32_t)index, vcpu);
    if (!cpu)
        return -ENOMEM;
    cpus[index] = cpu;
    missing = !call(cpu);
    return missing ? -EINVAL : 0;
}

int64_t smp_start(uint64_t index, uint64_t vcpu)
{
    int64_t ret;

    if (!index_ok(index) || vcpu % 8 ||
        !in_kernel_memory(vcpu, sizeof(struct abi_vcpu)))
        return -EINVAL;
    __atomic_store_n(&shim_cpu0.online, true, __ATOMIC_SEQ_CST);
    smp_several = true;
    cpu_set_page_fault(page_fault_several);
    smp_lock();
    ret = start(index, vcpu);
    smp_unlock();
    return ret;
}

_Noreturn void smp_join(void)
{
    struct shim_cpu *cpu = this_shim_cpu();

    cpu_init_further(cpu);
    irq_init_further();
    __atomic_store_n(&cpu->online, true, __ATOMIC_SEQ_CST);
    ring3_enter(ring3_layout.cpu_entry, 0, (uint64_t)cpu->vcpu);
}

int64_t smp_kick(uint64_t index)
{
    if (index >= ABI_MAX_VCPU || !cpus[index])
        return -EINVAL;
    if (cpus[index] != this_shim_cpu())
        irq_send(cpus[index]->apic, VECTOR_KICK);
    return 0;
}
