/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: kernel/platform/vm/ring0/acpi_ged.c */
/* The power button in the tables of machines without fixed hardware. The bytes
 * are what the machines write (Cloud Hypervisor: devices/src/acpi.rs, QEMU:
 * hw/acpi/generic_event_device.c), as far as they are looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/platform/vm/ring0/acpi.h"

/* Region, field, and the device behind them. */
static const uint8_t cloud_hypervisor[] = {
    0x5b, 0x80, 'G',  'D',  'S',  'T',  0,    0x0c, 0x00, 0x80, 0x00,
    0xe8, 0x01, 0x5b, 0x81, 0x0b, 'G',  'D',  'S',  'T',  0x41, 'G',
    'D',  'A',  'T',  0x08, 0x5b, 0x82, '_',  'H',  'I',  'D',  0x0d,
    'A',  'C',  'P',  'I',  '0',  '0',  '1',  '3',  0,    0x08, '_',
    'C',  'R',  'S',  0x11, 0x0e, 0x0a, 0x0b, 0x89, 0x06, 0x00, 0x03,
    0x01, 0x0b, 0x00, 0x00, 0x00, 0x79, 0x00};

/* The device first, the region in it. */
static const uint8_t qemu[] = {
    0x5b, 0x82, '_',  'H',  'I',  'D',  0x0d, 'A',  'C',  'P',  'I',
    '0',  '0',  '1',  '3',  0,    0x08, '_',  'C',  'R',  'S',  0x11,
    0x0e, 0x0a, 0x0b, 0x89, 0x06, 0x00, 0x05, 0x01, 0x09, 0x00, 0x00,
    0x00, 0x79, 0x00, 0x5b, 0x80, 'E',  'R',  'E',  'G',  0,    0x0e,
    0x00, 0x00, 0xa0, 0xfe, 0,    0,    0,    0,    0x0a, 0x04};

/* A table of its own memory: reads beyond its end are seen. */
static uint8_t *make_table(const uint8_t *aml, uint32_t len_bytes)
{
    uint32_t total = TABLE_HEADER + len_bytes;
    uint8_t *table = malloc(total);

    memcpy(table, "DSDT", 4);
    memcpy(table + TABLE_LENGTH, &total, 4);
    memcpy(table + TABLE_HEADER, aml, len_bytes);
    return table;
}

static bool find(const uint8_t *aml, uint32_t len_bytes, struct ged *ged)
{
    uint8_t *table = make_table(aml, len_bytes);
    bool found;

    memset(ged, 0, sizeof(*ged));
    found = ged_find(table, ged);
    free(table);
    return found;
}

static void test_acpi_ged_of_cloud_hypervisor(void **state)
{
    struct ged ged;

    (void)state;
    assert_true(find(cloud_hypervisor, sizeof(cloud_hypervisor), &ged));
    assert_int_equal(ged.phys, 0xe8008000);
    assert_int_equal(ged.line, 11);
    assert_int_equal(ged.bytes, 1);
    assert_int_equal(ged.button, 8);
    assert_false(ged.level || ged.active_low);
}

static void test_acpi_ged_of_qemu(void **state)
{
    struct ged ged;

    (void)state;
    assert_true(find(qemu, sizeof(qemu), &ged));
    assert_int_equal(ged.phys, 0xfea00000);
    assert_int_equal(ged.line, 9);
    assert_int_equal(ged.bytes, 4);
    assert_int_equal(ged.button, 2);
    assert_true(ged.level && ged.active_low);
}

/* Nothing is read beyond the end, and half a device is none. */
static void test_acpi_ged_cut_anywhere(void **state)
{
    const uint32_t padding = 2; /* behind what is looked at */
    struct ged ged;

    (void)state;
    for (uint32_t n = 0; n < sizeof(cloud_hypervisor) - padding; n++)
        assert_false(find(cloud_hypervisor, n, &ged));
    for (uint32_t n = 0; n < sizeof(qemu) - padding; n++)
        assert_false(find(qemu, n, &ged));
}

static void test_acpi_ged_of_others_is_left_alone(void **state)
{
    uint8_t aml[sizeof(cloud_hypervisor)];
    struct ged ged;

    (void)state;
    memcpy(aml, cloud_hypervisor, sizeof(aml));
    aml[2] = 'X'; /* another region's name */
    assert_false(find(aml, sizeof(aml), &ged));
    memcpy(aml, cloud_hypervisor, sizeof(aml));
    aml[6] = 1; /* among the ports */
    assert_false(find(aml, sizeof(aml), &ged));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acpi_ged_of_cloud_hypervisor),
        cmocka_unit_test(test_acpi_ged_of_qemu),
        cmocka_unit_test(test_acpi_ged_cut_anywhere),
        cmocka_unit_test(test_acpi_ged_of_others_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
