/* SPDX-License-Identifier: BSD-2-Clause */
/* The arithmetic of KVM's clock, and what a host that lies may write there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernel/platform/vm/pvclock.h"

/* What Linux writes for a counter of 2.5 GHz: 0.8 * 2^32 * 2^-1 doubled. */
static const struct pvclock_time at_2500_mhz = {
    .version = 2,
    .tsc = 1000,
    .system_ns = 5000,
    .mul = 3435973837u,
    .shift = -1,
};

static void test_pvclock_line(void **state)
{
    struct pvclock_time t = at_2500_mhz;

    (void)state;
    assert_int_equal(pvclock_ns(&t, 1000), 5000);
    assert_int_equal(pvclock_ns(&t, 1000 + 2500000000), 5000 + 1000000000);
    assert_in_range(pvclock_hz(&t), 2499999998, 2500000002);
    t.shift = 0; /* half as fast */
    assert_in_range(pvclock_hz(&t), 1249999999, 1250000001);
    t.shift = 1;
    assert_in_range(pvclock_hz(&t), 624999999, 625000001);
    assert_in_range(pvclock_ns(&t, 1000 + 625000000) - 5000, 999999998,
                    1000000002);
}

/* A year of ticks, and a count before the line's. */
static void test_pvclock_far(void **state)
{
    const uint64_t year_s = 31536000;
    uint64_t ns = pvclock_ns(&at_2500_mhz, 1000 + year_s * 2500000000);

    (void)state;
    assert_in_range(ns, year_s * 1000000000, (year_s + 1) * 1000000000);
    assert_int_equal(pvclock_ns(&at_2500_mhz, 0), 5000);
}

static void test_pvclock_refuses_what_is_unsound(void **state)
{
    struct pvclock_time t = at_2500_mhz, out;

    (void)state;
    assert_true(pvclock_read(&t, &out));
    assert_int_equal(pvclock_ns(&out, 1000), 5000);
    t.version = 3; /* for ever */
    assert_false(pvclock_read(&t, &out));
    t.version = 4;
    t.mul = 0; /* never written */
    assert_false(pvclock_read(&t, &out));
    t.mul = 1;
    for (int shift = -128; shift < 128; shift++) {
        t.shift = (int8_t)shift;
        assert_int_equal(pvclock_read(&t, &out), shift > -32 && shift < 32);
    }
}

static void test_pvclock_wall(void **state)
{
    struct pvclock_wall w = {2, 1700000000, 999999999};

    (void)state;
    assert_int_equal(pvclock_wall_ns(&w), 1700000000999999999);
    w.nsec++;
    assert_int_equal(pvclock_wall_ns(&w), INT64_MIN);
    w = (struct pvclock_wall){1, 1700000000, 0};
    assert_int_equal(pvclock_wall_ns(&w), INT64_MIN);
}

/* Whatever stands there: an answer, and no division that overflows. */
static void test_pvclock_takes_any_bytes(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        struct pvclock_time t, out;
        uint8_t *bytes = (uint8_t *)&t;

        for (size_t at = 0; at < sizeof(t); at++)
            bytes[at] = (uint8_t)rand();
        if (pvclock_read(&t, &out)) {
            pvclock_hz(&out);
            pvclock_ns(&out, (uint64_t)rand() << 33);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pvclock_line),
        cmocka_unit_test(test_pvclock_far),
        cmocka_unit_test(test_pvclock_refuses_what_is_unsound),
        cmocka_unit_test(test_pvclock_wall),
        cmocka_unit_test(test_pvclock_takes_any_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
