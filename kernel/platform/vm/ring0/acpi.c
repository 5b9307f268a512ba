/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI as far as switching off goes: the power button (a request to stop) and
 * soft-off. Follows the ACPI Specification 6.4, chapters 4 and 5; no AML is
 * executed. The tables are the firmware's and trusted.
 */
#include "kernel/platform/vm/ring0/asm.h"
#include "kernel/platform/vm/ring0/shim.h"
#include "lib/string.h"

#define MAPPED UINT64_C(0x100000000) /* by boot.S */

/* Root pointer (5.2.5.3), and any table's header (5.2.6). */
enum { RSDP_REVISION = 15, RSDP_RSDT = 16, RSDP_XSDT = 24 };
enum { TABLE_LENGTH = 4, TABLE_HEADER = 36 };

/* FADT (5.2.9) */
enum {
    FADT_DSDT = 40,
    FADT_SCI = 46,
    FADT_SMI_CMD = 48,
    FADT_ACPI_ENABLE = 52,
    FADT_PM1A_EVENT = 56,
    FADT_PM1A_CONTROL = 64,
    FADT_PM1_EVENT_BYTES = 88,
    FADT_FLAGS = 112,
    FADT_X_DSDT = 140,
    FADT_SLEEP_CONTROL = 244, /* a generic address: space, ..., address */
    FADT_SLEEP_END = 256,
};

#define HW_REDUCED (1u << 20)

/* MADT (5.2.12): interrupt source override */
enum { MADT_FIRST = 44, LOCAL_APIC = 0, OVERRIDE = 2, CPU_ENABLED = 1 };
enum { POLARITY_MASK = 3, ACTIVE_HIGH = 1, TRIGGER_MASK = 12, EDGE = 4 };

/* Fixed hardware (4.8.3) */
enum { PM1_POWER_BUTTON = 1 << 8, SCI_ENABLED = 1, SLEEP_ENABLE = 1 << 13 };
enum { SLEEP_SHIFT = 10, SLEEP_MASK = 7, ENABLE_TRIES = 100000 };
/* Hardware-reduced (4.8.3.7) */
enum { REDUCED_SLEEP_SHIFT = 2, REDUCED_SLEEP_ENABLE = 1 << 5 };

enum { STOP_SIGNAL = 15, AML_PACKAGE = 0x12, AML_BYTE = 0x0a };

static struct {
    uint16_t event, control, sleep; /* ports; 0: not there */
    uint16_t event_half;            /* status, then enable */
    uint8_t off_type;
    uint32_t vector;
} acpi;

static struct {
    uint32_t nr;
    uint8_t apics[ABI_MAX_VCPU];
} cpus;

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t get32(const uint8_t *at)
{
    return get16(at) | (uint32_t)get16(at + 2) << 16;
}

static uint64_t get64(const uint8_t *at)
{
    return get32(at) | (uint64_t)get32(at + 4) << 32;
}

static uint32_t length(const uint8_t *table)
{
    return get32(table + TABLE_LENGTH);
}

/* A table at a physical address; NULL: out of reach. */
static const uint8_t *table_at(uint64_t phys)
{
    if (!phys || phys > MAPPED - TABLE_HEADER)
        return NULL;
    return phys + length(phys_to_virt(phys)) <= MAPPED ? phys_to_virt(phys)
                                                       : NULL;
}

static const uint8_t *find_table(const uint8_t *rsdp, const char *signature)
{
    bool wide = rsdp[RSDP_REVISION] >= 2 && get64(rsdp + RSDP_XSDT);
    uint32_t step = wide ? 8 : 4;
    const uint8_t *root =
        table_at(wide ? get64(rsdp + RSDP_XSDT) : get32(rsdp + RSDP_RSDT));

    if (!root)
        return NULL;
    for (uint32_t at = TABLE_HEADER; at + step <= length(root); at += step) {
        const uint8_t *table =
            table_at(wide ? get64(root + at) : get32(root + at));

        if (table && !memcmp(table, signature, 4))
            return table;
    }
    return NULL;
}

/* ---- soft-off ----------------------------------------------------------- */

/* The sleep type of state S5: the first number in the package called _S5_
 * (7.4.2.6), found by its name (20.2: name, package, length, count). */
static bool find_off_type(const uint8_t *dsdt, uint8_t *type)
{
    uint32_t end = length(dsdt);

    for (uint32_t i = TABLE_HEADER; i + 12 < end; i++) {
        const uint8_t *at = dsdt + i;

        if (memcmp(at, "_S5_", 4) != 0 || at[4] != AML_PACKAGE)
            continue;
        at += 5;
        at += (*at >> 6) + 2; /* length: 1 to 4 bytes; count */
        *type = *at == AML_BYTE ? at[1] : *at;
        return *type <= SLEEP_MASK;
    }
    return false;
}

static void find_off(const uint8_t *fadt)
{
    uint64_t x_dsdt =
        length(fadt) >= FADT_X_DSDT + 8 ? get64(fadt + FADT_X_DSDT) : 0;
    const uint8_t *dsdt = table_at(x_dsdt ? x_dsdt : get32(fadt + FADT_DSDT));
    enum { SPACE_IO = 1, ADDRESS = 4 };

    if (!dsdt || !find_off_type(dsdt, &acpi.off_type))
        return;
    if (!(get32(fadt + FADT_FLAGS) & HW_REDUCED))
        acpi.control = (uint16_t)get32(fadt + FADT_PM1A_CONTROL);
    else if (length(fadt) >= FADT_SLEEP_END &&
             fadt[FADT_SLEEP_CONTROL] == SPACE_IO)
        acpi.sleep = (uint16_t)get64(fadt + FADT_SLEEP_CONTROL + ADDRESS);
}

void acpi_power_off(void)
{
    if (acpi.control) {
        uint16_t value = inw(acpi.control);

        value &= (uint16_t) ~(SLEEP_MASK << SLEEP_SHIFT);
        outw(acpi.control,
             value | (uint16_t)(acpi.off_type << SLEEP_SHIFT) | SLEEP_ENABLE);
    }
    if (acpi.sleep)
        outb(acpi.sleep, (uint8_t)(acpi.off_type << REDUCED_SLEEP_SHIFT |
                                   REDUCED_SLEEP_ENABLE));
}

/* ---- the power button --------------------------------------------------- */

/* From firmware's hands into ours (4.8.3.2.1: SCI_EN). */
static bool enable(const uint8_t *fadt)
{
    uint16_t control = (uint16_t)get32(fadt + FADT_PM1A_CONTROL);
    uint16_t smi = (uint16_t)get32(fadt + FADT_SMI_CMD);

    if (!(inw(control) & SCI_ENABLED) && smi)
        outb(smi, fadt[FADT_ACPI_ENABLE]);
    for (int i = 0; i < ENABLE_TRIES; i++)
        if (inw(control) & SCI_ENABLED)
            return true;
    return false;
}

/* The line of an ISA interrupt. SCI: level, active low, unless overridden. */
static void route_sci(const uint8_t *rsdp, uint32_t sci)
{
    const uint8_t *madt = find_table(rsdp, "APIC");
    uint32_t line = sci, len = madt ? length(madt) : 0;
    bool high = false, edge = false;

    for (uint32_t at = MADT_FIRST; at + 10 <= len && madt[at + 1];
         at += madt[at + 1]) {
        const uint8_t *e = madt + at;

        if (e[0] != OVERRIDE || e[3] != sci)
            continue;
        line = get32(e + 4);
        high = (e[8] & POLARITY_MASK) == ACTIVE_HIGH;
        edge = (e[8] & TRIGGER_MASK) == EDGE;
    }
    if (line >= NR_LINES)
        return;
    acpi.vector = VECTOR_LINE0 + line;
    irq_route_as(line, !edge, !high);
}

static void watch_button(const uint8_t *rsdp, const uint8_t *fadt)
{
    uint16_t event = (uint16_t)get32(fadt + FADT_PM1A_EVENT);

    if (get32(fadt + FADT_FLAGS) & HW_REDUCED || !event || !enable(fadt))
        return;
    acpi.event = event;
    acpi.event_half = fadt[FADT_PM1_EVENT_BYTES] / 2;
    outw(event, PM1_POWER_BUTTON); /* forget earlier ones */
    outw(event + acpi.event_half, PM1_POWER_BUTTON);
    route_sci(rsdp, get16(fadt + FADT_SCI));
}

bool acpi_interrupt(uint32_t vector)
{
    if (vector != acpi.vector)
        return false;
    if (inw(acpi.event) & PM1_POWER_BUTTON) {
        outw(acpi.event, PM1_POWER_BUTTON);
        upcall_stop(STOP_SIGNAL);
    }
    return true;
}

/* ---- processors --------------------------------------------------------- */

/* Local APICs of the MADT (5.2.12.2), in its order: the boot processor's is
 * the first. Those with numbers above 254 are left alone. */
static void find_cpus(const uint8_t *rsdp)
{
    const uint8_t *madt = find_table(rsdp, "APIC");
    uint32_t len = madt ? length(madt) : 0;

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

void acpi_init(phys_t rsdp_phys)
{
    const uint8_t *rsdp = phys_to_virt(rsdp_phys), *fadt;

    if (!rsdp_phys || rsdp_phys > MAPPED - TABLE_HEADER ||
        memcmp(rsdp, "RSD PTR ", 8) != 0)
        return;
    find_cpus(rsdp);
    fadt = find_table(rsdp, "FACP");
    if (!fadt || length(fadt) < FADT_FLAGS + 4)
        return;
    find_off(fadt);
    watch_button(rsdp, fadt);
}
