/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where trampolines look up the answers of `cpuid`: the sidecar's table if it
 * was made on this processor, else one that has no answer.
 */
#include "abi/sidecar.h"
#include "kernel/arch/x86_64/arch.h"
#include "kernel/core/config.h"
#include "kernel/core/cpu.h"
#include "kernel/mm/sidecar.h"
#include "lib/processor.h"

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

static uint64_t ask(void)
{
    struct cpuid one = arch_cpuid(1, 0), seven = arch_cpuid(7, 0);
    struct processor_leaves leaves = {
        one.eax, one.ecx, one.edx, seven.ebx, seven.ecx, seven.edx,
    };

    return processor_number(&leaves);
}

/* Is this the processor that the table speaks of, and the table whole? */
static bool is_ours(const struct sidecar_cpuid *table, uint32_t nr)
{
    const struct sidecar_cpuid *one = find(table, nr, 1);
    const struct sidecar_cpuid *seven = find(table, nr, 7);
    struct processor_leaves leaves;
    uint64_t number;

    if (!one || !seven || table[nr - 1].more)
        return false;
    leaves = (struct processor_leaves){
        one->eax, one->ecx, one->edx, seven->ebx, seven->ecx, seven->edx,
    };
    number = config_get_u64("processor", 0);
    return processor_number(&leaves) == (number ? number : ask());
}

void sidecar_cpuid_init(void)
{
    const struct sidecar_cpuid *table;
    uint32_t nr = sidecar_cpuid_table(&table);

    this_cpu()->vcpu.cpuid =
        (uint64_t)(nr && is_ours(table, nr) ? table : &no_cpuid);
}
