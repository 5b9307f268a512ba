/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI as far as switching off goes: the power button (a request to stop) and
 * soft-off. Follows the ACPI Specification 6.4, chapters 4 and 5; no AML is
 * executed. The tables are the firmware's and trusted.
 */
#include "kernel/platform/vm/ring0/acpi.h"

#include "kernel/platform/vm/ring0/asm.h"
#include "kernel/platform/vm/ring0/shim.h"
#include "kernel/platform/vm/ring0/space.h"
#include "lib/string.h"

#define MAPPED UINT64_C(0x100000000) /* by boot.S */

/* Root pointer (5.2.5.3). */
enum { RSDP_REVISION = 15, RSDP_RSDT = 16, RSDP_XSDT = 24 };

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

/* MADT (5.2.12.5): interrupt source override */
enum { OVERRIDE = 2 };
enum { POLARITY_MASK = 3, ACTIVE_HIGH = 1, TRIGGER_MASK = 12, EDGE = 4 };

/* Fixed hardware (4.8.3) */
enum { PM1_POWER_BUTTON = 1 << 8, SCI_ENABLED = 1, SLEEP_ENABLE = 1 << 13 };
enum { SLEEP_SHIFT = 10, SLEEP_MASK = 7, ENABLE_TRIES = 100000 };
/* Hardware-reduced (4.8.3.7) */
enum { REDUCED_SLEEP_SHIFT = 2, REDUCED_SLEEP_ENABLE = 1 << 5 };

enum { OFF_NS = 1000000000 };
enum { STOP_SIGNAL = 15, AML_PACKAGE = 0x12, AML_BYTE = 0x0a };

static struct {
    uint16_t event, control, sleep; /* ports; 0: not there */
    uint16_t event_half;            /* status, then enable */
    uint8_t off_type;
    volatile uint8_t *sleep_memory; /* instead of that port */
    volatile void *ged;             /* instead of those; NULL: no such device */
    uint32_t ged_bytes, ged_button;
    uint32_t vector;
} acpi;

/* A table at a physical address; NULL: out of reach. */
static const uint8_t *table_at(uint64_t phys)
{
    if (!phys || phys > MAPPED - TABLE_HEADER)
        return NULL;
    return phys + table_length(phys_to_virt(phys)) <= MAPPED
               ? phys_to_virt(phys)
               : NULL;
}

const uint8_t *acpi_table(const uint8_t *rsdp, const char *signature)
{
    bool wide = rsdp[RSDP_REVISION] >= 2 && get64(rsdp + RSDP_XSDT);
    uint32_t step = wide ? 8 : 4;
    const uint8_t *root =
        table_at(wide ? get64(rsdp + RSDP_XSDT) : get32(rsdp + RSDP_RSDT));

    if (!root)
        return NULL;
    for (uint32_t at = TABLE_HEADER; at + step <= table_length(root);
         at += step) {
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
    uint32_t end = table_length(dsdt);

    for (uint32_t i = TABLE_HEADER; i + 12 <= end; i++) {
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

static const uint8_t *find_dsdt(const uint8_t *fadt)
{
    uint64_t x_dsdt =
        table_length(fadt) >= FADT_X_DSDT + 8 ? get64(fadt + FADT_X_DSDT) : 0;

    return table_at(x_dsdt ? x_dsdt : get32(fadt + FADT_DSDT));
}

/* A device's register in the first 4 GiB, uncached; NULL: it lies elsewhere. */
static volatile void *register_at(uint64_t phys)
{
    volatile void *at = phys_to_virt(phys);

    if (!phys || phys >= MAPPED)
        return NULL;
    boot_pd[phys / span(1)] |= PTE_PCD;
    invlpg((uint64_t)at);
    return at;
}

static void find_sleep_register(const uint8_t *fadt)
{
    enum { SPACE_MEMORY = 0, SPACE_IO = 1, ADDRESS = 4 };
    const uint8_t *where = fadt + FADT_SLEEP_CONTROL;

    if (table_length(fadt) < FADT_SLEEP_END)
        return;
    if (where[0] == SPACE_IO)
        acpi.sleep = (uint16_t)get64(where + ADDRESS);
    else if (where[0] == SPACE_MEMORY)
        acpi.sleep_memory = register_at(get64(where + ADDRESS));
}

static void find_off(const uint8_t *fadt, const uint8_t *dsdt)
{
    if (!find_off_type(dsdt, &acpi.off_type))
        return;
    if (get32(fadt + FADT_FLAGS) & HW_REDUCED)
        find_sleep_register(fadt);
    else
        acpi.control = (uint16_t)get32(fadt + FADT_PM1A_CONTROL);
}

static void ask_for_off(void)
{
    uint8_t sleep =
        (uint8_t)(acpi.off_type << REDUCED_SLEEP_SHIFT | REDUCED_SLEEP_ENABLE);

    if (acpi.control) {
        uint16_t value = inw(acpi.control);

        value &= (uint16_t) ~(SLEEP_MASK << SLEEP_SHIFT);
        outw(acpi.control,
             value | (uint16_t)(acpi.off_type << SLEEP_SHIFT) | SLEEP_ENABLE);
    }
    if (acpi.sleep)
        outb(acpi.sleep, sleep);
    if (acpi.sleep_memory)
        *acpi.sleep_memory = sleep;
}

/* Machines go off while their processors run on: one that went on to a reset
 * would start again instead. */
void acpi_power_off(void)
{
    uint64_t begin = rdtsc(), ticks = irq_tsc_of(OFF_NS);

    if (!acpi.control && !acpi.sleep && !acpi.sleep_memory)
        return;
    ask_for_off();
    while (rdtsc() - begin < ticks)
        ;
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

static void listen(uint32_t line, bool level, bool active_low)
{
    if (line >= NR_LINES)
        return;
    acpi.vector = VECTOR_LINE0 + line;
    irq_route_as(line, level, active_low);
}

/* The line of an ISA interrupt. SCI: level, active low, unless overridden. */
static void route_sci(const uint8_t *rsdp, uint32_t sci)
{
    const uint8_t *madt = acpi_table(rsdp, "APIC");
    uint32_t line = sci, len = madt ? table_length(madt) : 0;
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
    listen(line, !edge, !high);
}

/* In hardware-reduced machines. */
static void watch_ged(const uint8_t *dsdt)
{
    struct ged ged;

    if (!ged_find(dsdt, &ged))
        return;
    acpi.ged = register_at(ged.phys);
    acpi.ged_bytes = ged.bytes;
    acpi.ged_button = ged.button;
    if (acpi.ged)
        listen(ged.line, ged.level, ged.active_low);
}

static void watch_button(const uint8_t *rsdp, const uint8_t *fadt)
{
    uint16_t event = (uint16_t)get32(fadt + FADT_PM1A_EVENT);

    if (!event || !enable(fadt))
        return;
    acpi.event = event;
    acpi.event_half = fadt[FADT_PM1_EVENT_BYTES] / 2;
    outw(event, PM1_POWER_BUTTON); /* forget earlier ones */
    outw(event + acpi.event_half, PM1_POWER_BUTTON);
    route_sci(rsdp, get16(fadt + FADT_SCI));
}

/* Since the last look, which makes it forget. */
static bool was_pressed(void)
{
    if (acpi.ged_bytes == 1)
        return *(volatile uint8_t *)acpi.ged & acpi.ged_button;
    if (acpi.ged)
        return *(volatile uint32_t *)acpi.ged & acpi.ged_button;
    if (!(inw(acpi.event) & PM1_POWER_BUTTON))
        return false;
    outw(acpi.event, PM1_POWER_BUTTON);
    return true;
}

bool acpi_interrupt(uint32_t vector)
{
    if (vector != acpi.vector)
        return false;
    if (was_pressed())
        upcall_stop(STOP_SIGNAL);
    return true;
}

/* ---- all of it ---------------------------------------------------------- */

void acpi_init(phys_t rsdp_phys)
{
    const uint8_t *rsdp = phys_to_virt(rsdp_phys), *fadt, *dsdt;

    if (!rsdp_phys || rsdp_phys > MAPPED - TABLE_HEADER ||
        memcmp(rsdp, "RSD PTR ", 8) != 0)
        return;
    acpi_find_cpus(rsdp);
    fadt = acpi_table(rsdp, "FACP");
    if (!fadt || table_length(fadt) < FADT_FLAGS + 4)
        return;
    dsdt = find_dsdt(fadt);
    if (dsdt)
        find_off(fadt, dsdt);
    if (!(get32(fadt + FADT_FLAGS) & HW_REDUCED))
        watch_button(rsdp, fadt);
    else if (dsdt)
        watch_ged(dsdt);
}
