/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tender/kvm/copy.c */
/* Requests to move a guest's pages (abi/monitor.h): what they do, and that what
 * lies outside its memory is left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tender/kvm/monitor.h"

enum { PAGE = 4096, RAM_BYTES = 64 * PAGE, ROM_BYTES = 4 * PAGE };
enum { TO = 0x8000, FROM = 0x10000, LARGE = 17 * PAGE };

static uint8_t ram[RAM_BYTES] __attribute__((aligned(8)));
static uint8_t rom[ROM_BYTES], old_ram[RAM_BYTES], old_rom[ROM_BYTES];
static struct monitor_page page;
static struct machine m = {
    .gmem = {.regions = {{0, RAM_BYTES, ram}}, .nr_regions = 1},
    .rom = {.regions = {{GPA_BUNDLE, ROM_BYTES, rom}}, .nr_regions = 1},
    .page = &page,
};

static int setup(void **state)
{
    (void)state;
    for (size_t i = 0; i < RAM_BYTES; i++)
        ram[i] = (uint8_t)(i % 251);
    for (size_t i = 0; i < ROM_BYTES; i++)
        rom[i] = (uint8_t)(i % 241 + 3);
    memcpy(old_ram, ram, RAM_BYTES);
    memcpy(old_rom, rom, ROM_BYTES);
    return 0;
}

static void assert_unchanged(void)
{
    assert_memory_equal(ram, old_ram, RAM_BYTES);
    assert_memory_equal(rom, old_rom, ROM_BYTES);
}

static void copy(uint64_t to, uint64_t from, uint32_t bytes)
{
    page.copy_to = to;
    page.copy_from = from;
    copy_page(&m, bytes);
}

static void series(uint64_t to, uint64_t first, uint64_t step, uint32_t bytes)
{
    page.copy_to = to;
    page.copy_from = first;
    page.series_step = step;
    copy_series(&m, bytes);
}

static void test_copy_pages(void **state)
{
    static const uint8_t zeroes[2 * PAGE];

    (void)state;
    copy(TO, GPA_BUNDLE + PAGE, 2 * PAGE);
    assert_memory_equal(ram + TO, rom + PAGE, 2 * PAGE);
    assert_memory_equal(ram + TO + 2 * PAGE, old_ram + TO + 2 * PAGE, PAGE);
    copy(TO, 0, 2 * PAGE);
    assert_memory_equal(ram + TO, zeroes, 2 * PAGE);
}

static void test_copy_refuses(void **state)
{
    (void)state;
    copy(GPA_BUNDLE, FROM, PAGE);
    copy(RAM_BYTES - PAGE + 1, FROM, PAGE);
    copy(UINT64_MAX - 8, FROM, PAGE);
    copy(TO, GPA_BUNDLE + ROM_BYTES - PAGE + 1, PAGE);
    copy(TO, GPA_BUNDLE, LARGE);
    copy(TO, 0, LARGE);
    assert_unchanged();
}

static void test_series_words(void **state)
{
    uint64_t word;

    (void)state;
    series(TO, 5, UINT64_MAX, 100 * 8 + 7); /* whole words only */
    for (uint64_t i = 0; i < 100; i++) {
        memcpy(&word, ram + TO + 8 * i, sizeof(word));
        assert_int_equal(word, 5 - i);
    }
    assert_memory_equal(ram + TO + 800, old_ram + TO + 800, PAGE);
}

static void test_series_refuses(void **state)
{
    (void)state;
    series(GPA_BUNDLE, 1, 1, PAGE);
    series(TO + 4, 1, 1, PAGE);
    series(RAM_BYTES - 8, 1, 1, 16);
    series(UINT64_MAX - 7, 1, 1, 16);
    series(TO, 1, 1, LARGE);
    assert_unchanged();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_copy_pages, setup),
        cmocka_unit_test_setup(test_copy_refuses, setup),
        cmocka_unit_test_setup(test_series_words, setup),
        cmocka_unit_test_setup(test_series_refuses, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
