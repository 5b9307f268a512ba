/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel lock: a word that CPUs exchange, and a bit for each that gave up
 * spinning. See lock.h.
 */
#include "kernel/core/lock.h"

#include "kernel/arch/x86_64/arch.h"
#include "kernel/core/cpu.h"

/* A call into the kernel is shorter, a wait on the host longer. */
enum { SPIN_TICKS = 50000 };

static struct {
    uint32_t held __attribute__((aligned(64)));
    uint64_t sleepers __attribute__((aligned(64))); /* a bit for each CPU */
} lock;

static bool try(void)
{
    return !__atomic_load_n(&lock.held, __ATOMIC_RELAXED) &&
           !__atomic_exchange_n(&lock.held, 1, __ATOMIC_SEQ_CST);
}

static bool spin(void)
{
    uint64_t begin = arch_rdtsc();

    do {
        if (try())
            return true;
        arch_pause();
    } while (arch_rdtsc() - begin < SPIN_TICKS);
    return false;
}

/* What is pending would end each wait at once: set aside until we are in. A
 * kick after that stays, and the bit comes last, so none is missed. */
static void sleep(struct cpu *cpu)
{
    uint64_t bit = UINT64_C(1) << cpu->vcpu.index;
    uint8_t pending = 0;

    do {
        pending |= __atomic_exchange_n(&cpu->vcpu.pending, 0, __ATOMIC_SEQ_CST);
        __atomic_fetch_or(&lock.sleepers, bit, __ATOMIC_SEQ_CST);
        if (try())
            break;
        platform.ops.wait(ABI_NO_DEADLINE, 0);
    } while (!spin());
    __atomic_fetch_and(&lock.sleepers, ~bit, __ATOMIC_SEQ_CST);
    __atomic_fetch_or(&cpu->vcpu.pending, pending, __ATOMIC_SEQ_CST);
}

void kernel_lock(void)
{
    struct cpu *cpu = this_cpu();

    if (!try() && !spin())
        sleep(cpu);
    cpu->entries++;
}

/* Called once, the sleeper comes by itself. */
static void wake_one(uint64_t sleepers)
{
    int index = __builtin_ctzll(sleepers);

    __atomic_fetch_and(&lock.sleepers, ~(UINT64_C(1) << index),
                       __ATOMIC_SEQ_CST);
    platform.ops.vcpu_kick((uint32_t)index);
}

void kernel_unlock(void)
{
    uint64_t sleepers;

    __atomic_exchange_n(&lock.held, 0, __ATOMIC_SEQ_CST);
    sleepers = __atomic_load_n(&lock.sleepers, __ATOMIC_SEQ_CST);
    if (__builtin_expect(sleepers != 0, 0))
        wake_one(sleepers);
}
