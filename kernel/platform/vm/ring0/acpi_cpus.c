/* SPDX-License-Identifier: BSD-2-Clause */
/* Which processors there are: ACPI Specification 6.4, 5.2.12. */
#include "kernel/platform/vm/ring0/acpi.h"
#include "kernel/platform/vm/ring0/shim.h"

enum { LOCAL_APIC = 0, CPU_ENABLED = 1 };

static struct {
    uint32_t nr;
    uint8_t apics[ABI_MAX_VCPU];
} cpus;

/* Local APICs of the MADT (5.2.12.2), in its order: the boot processor's is
 * the first. Those with numbers above 254 are left alone. */
void acpi_find_cpus(const uint8_t *rsdp)
{
    const uint8_t *madt = acpi_table(rsdp, "APIC");
    uint32_t len = madt ? table_length(madt) : 0;

    for (uint32_t at = MADT_FIRST; at + 8 <= len && madt[at + 1];
         at += madt[at + 1])
        if (madt[at] == LOCAL_APIC && get32(madt + at + 4) & CPU_ENABLED &&
            cpus.nr < ABI_MAX_VCPU)
            cpus.apics[cpus.nr++] = madt[at + 3];
}

uint32_t acpi_nr_cpus(void)
{
    return cpus.nr;
}

uint32_t acpi_apic_of(uint32_t n)
{
    return cpus.nr ? cpus.apics[n] : n;
}
