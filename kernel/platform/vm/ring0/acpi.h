/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI's tables as acpi.c finds them, and what acpi_ged.c reads out of the
 * DSDT. They are the firmware's and trusted, but no read leaves a table.
 */
#ifndef EINKORN_VM_ACPI_H
#define EINKORN_VM_ACPI_H

#include <stdbool.h>
#include <stdint.h>

/* Any table's header (5.2.6). */
enum { TABLE_LENGTH = 4, TABLE_HEADER = 36 };

static inline uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t get32(const uint8_t *at)
{
    return get16(at) | (uint32_t)get16(at + 2) << 16;
}

static inline uint64_t get64(const uint8_t *at)
{
    return get32(at) | (uint64_t)get32(at + 4) << 32;
}

static inline uint32_t table_length(const uint8_t *table)
{
    return get32(table + TABLE_LENGTH);
}

/* The MADT's entries (5.2.12) begin here. */
enum { MADT_FIRST = 44 };

/* A generic event device (5.6.9) and its register, which is read (and cleared
 * by that) to learn what has happened. */
struct ged {
    uint64_t phys;
    uint32_t line;
    uint32_t bytes;  /* of the register: 1 or 4 */
    uint32_t button; /* its bit of the power button */
    bool level, active_low;
};

#pragma GCC visibility push(hidden)

/* The table of that name, four letters; NULL: there is none, or out of reach.
 */
const uint8_t *acpi_table(const uint8_t *rsdp, const char *signature);

/* ---- acpi_cpus.c -------------------------------------------------------- */

void acpi_find_cpus(const uint8_t *rsdp);

/* ---- acpi_ged.c --------------------------------------------------------- */

/* False: there is none in this DSDT, or none of a kind that is known. */
bool ged_find(const uint8_t *dsdt, struct ged *ged);

#pragma GCC visibility pop

#endif
