/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The generic event device that tells of the power button where there is no
 * fixed hardware (ACPI Specification 6.4, 5.6.9). What an event means is said
 * by a method in AML, which is not executed: instead we know the registers of
 * those who have one, by the name of the operation region.
 */
#include "kernel/platform/vm/ring0/acpi.h"
#include "lib/string.h"

/* Encodings (20.2.3, 20.2.5.2; 6.4.3.6: extended interrupt descriptor). */
enum { AML_BYTE = 0x0a, AML_WORD, AML_DWORD, AML_QWORD = 0x0e };
enum { AML_EXTENDED = 0x5b, AML_REGION = 0x80, SYSTEM_MEMORY = 0 };
enum { INTERRUPT = 0x89, INTERRUPT_BYTES = 6, EDGE = 2, ACTIVE_LOW = 4 };

static const struct known {
    char region[5];
    uint8_t bytes, button;
} known[] = {
    {"GDST", 1, 8}, /* Cloud Hypervisor */
    {"EREG", 4, 2}, /* QEMU's microvm */
};

static bool read_number(const uint8_t *at, const uint8_t *end, uint64_t *value)
{
    uint32_t size = *at == AML_BYTE    ? 1
                    : *at == AML_WORD  ? 2
                    : *at == AML_DWORD ? 4
                    : *at == AML_QWORD ? 8
                                       : 0;

    if (!size || (uint64_t)(end - at) <= size)
        return false;
    *value = 0;
    memcpy(value, at + 1, size); /* little-endian, as we are */
    return true;
}

/* The place of a region of that name in memory. */
static bool find_region(const uint8_t *at, const uint8_t *end, const char *name,
                        uint64_t *phys)
{
    const uint8_t head[] = {AML_EXTENDED, AML_REGION};
    enum { NAME = 2, SPACE = 6, OFFSET = 7 };

    for (; end - at > OFFSET; at++)
        if (!memcmp(at, head, sizeof(head)) && !memcmp(at + NAME, name, 4) &&
            at[SPACE] == SYSTEM_MEMORY)
            return read_number(at + OFFSET, end, phys);
    return false;
}

/* The first interrupt behind the device's hardware ID. */
static bool find_line(const uint8_t *at, const uint8_t *end, struct ged *ged)
{
    static const char id[] = "ACPI0013";
    enum { LENGTH = 1, FLAGS = 3, COUNT = 4, NUMBER = 5, BYTES = 9 };

    while (end - at >= (int64_t)sizeof(id) && memcmp(at, id, sizeof(id)) != 0)
        at++;
    for (; end - at >= BYTES; at++) {
        if (at[0] != INTERRUPT || get16(at + LENGTH) != INTERRUPT_BYTES ||
            at[COUNT] != 1)
            continue;
        ged->line = get32(at + NUMBER);
        ged->level = !(at[FLAGS] & EDGE);
        ged->active_low = at[FLAGS] & ACTIVE_LOW;
        return true;
    }
    return false;
}

bool ged_find(const uint8_t *dsdt, struct ged *ged)
{
    const uint8_t *at = dsdt + TABLE_HEADER;
    const uint8_t *end = dsdt + table_length(dsdt);

    for (uint32_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        const struct known *k = &known[i];

        if (!find_region(at, end, k->region, &ged->phys))
            continue;
        ged->bytes = k->bytes;
        ged->button = k->button;
        return find_line(at, end, ged);
    }
    return false;
}
