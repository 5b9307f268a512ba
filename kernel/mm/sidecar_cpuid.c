/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where trampolines look up the answers of `cpuid`: the sidecar's table if it
 * was made on this processor, else one that has no answer.
 */
#include "abi/sidecar.h"
#include "kernel/arch/x86_64/arch.h"
#include "kernel/core/cpu.h"
#include "kernel/mm/sidecar.h"

/* Matches nothing: trampolines execute the instruction. */
static const struct sidecar_cpuid no_cpuid = {.subleaf = 1};

static const struct sidecar_cpuid *find(const struct sidecar_cpuid *table,
                                        uint32_t nr, uint32_t leaf)
{
    for (uint32_t i = 0; i < nr; i++)
        if (table[i].leaf == leaf && table[i].subleaf == 0)
            return &table[i];
    return NULL;
}

/* Is this the processor that the table speaks of, and the table whole? Leaf 1
 * has family, model and features (and an APIC ID), leaf 7 more features. */
static bool is_ours(const struct sidecar_cpuid *table, uint32_t nr)
{
    const struct sidecar_cpuid *one = find(table, nr, 1);
    const struct sidecar_cpuid *seven = find(table, nr, 7);
    struct cpuid c = arch_cpuid(1, 0);

    if (!one || !seven || table[nr - 1].more || one->eax != c.eax ||
        one->ecx != c.ecx || one->edx != c.edx)
        return false;
    c = arch_cpuid(7, 0);
    return seven->ebx == c.ebx && seven->ecx == c.ecx && seven->edx == c.edx;
}

void sidecar_cpuid_init(void)
{
    const struct sidecar_cpuid *table;
    uint32_t nr = sidecar_cpuid_table(&table);

    this_cpu()->vcpu.cpuid =
        (uint64_t)(nr && is_ours(table, nr) ? table : &no_cpuid);
}
