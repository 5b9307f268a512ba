/* SPDX-License-Identifier: BSD-2-Clause */
/* When devices are looked at before sleeping, and for how long. */
/* sources: kernel/sched/linger.c */
#include "tests/unit/fake_kernel.h"

#include "kernel/core/clock.h"
#include "kernel/core/event.h"
#include "kernel/sched/linger.h"

enum { US = 1000, LOOK_NS = 500, NEVER = 1 << 30 };

static uint64_t now_ns, timer_ns;
static unsigned looks, comes_after; /* so many looks find nothing */
static uint8_t pending;

uint64_t clock_mono_ns(void)
{
    return now_ns;
}

uint64_t timer_next(void)
{
    return timer_ns;
}

bool event_poll(void)
{
    now_ns += LOOK_NS;
    return looks++ >= comes_after;
}

static int begin(void **state)
{
    (void)state;
    timer_ns = NO_DEADLINE;
    pending = 0;
    looks = comes_after = 0;
    for (int i = 0; !linger(&pending); i++) /* whatever was before */
        assert_in_range(i, 0, 2000);
    looks = 0;
    return 0;
}

static void test_linger_finds_what_comes_soon(void **state)
{
    (void)state;
    comes_after = 20;
    for (int i = 0; i < 100; i++) {
        looks = 0;
        assert_true(linger(&pending));
    }
}

static void test_linger_ends_for_the_platform(void **state)
{
    (void)state;
    comes_after = NEVER;
    pending = 1;
    assert_true(linger(&pending));
    assert_int_equal(looks, 1);
}

/* An idle instance spends next to nothing on it. */
static void test_linger_in_vain_becomes_rare(void **state)
{
    uint64_t start = now_ns;

    (void)state;
    comes_after = NEVER;
    for (int i = 0; i < 10000; i++)
        assert_false(linger(&pending));
    assert_true(looks > 0);
    assert_true(now_ns - start < 10000 * US / 10); /* 0.1 us each */
}

static void test_linger_comes_back_when_it_helps(void **state)
{
    unsigned found = 0;

    (void)state;
    comes_after = NEVER;
    for (int i = 0; i < 10000; i++)
        linger(&pending);
    comes_after = 0;
    for (int i = 0; i < 3000; i++)
        found += linger(&pending);
    assert_true(found > 1000);
}

/* A program that sleeps for 20 us at a time must not burn a processor. */
static void test_linger_lets_naps_be_slept(void **state)
{
    (void)state;
    comes_after = 0;
    timer_ns = now_ns + 20 * US;
    assert_false(linger(&pending));
    assert_int_equal(looks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_linger_finds_what_comes_soon, begin),
        cmocka_unit_test_setup(test_linger_ends_for_the_platform, begin),
        cmocka_unit_test_setup(test_linger_in_vain_becomes_rare, begin),
        cmocka_unit_test_setup(test_linger_comes_back_when_it_helps, begin),
        cmocka_unit_test_setup(test_linger_lets_naps_be_slept, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
