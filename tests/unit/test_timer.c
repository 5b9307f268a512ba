/* sources: kernel/core/timer.c */
/* SPDX-License-Identifier: BSD-2-Clause */
/* The timer heap against a plain array: order, cancelling, re-arming. */
#include "tests/unit/fake_kernel.h"

#include "kernel/core/clock.h"

enum { NR = 500 };

static uint64_t fake_now;
static struct timer timers[NR];
static uint64_t fired[NR], nr_fired;

uint64_t clock_mono_ns(void)
{
    return fake_now;
}

static void note(struct timer *timer)
{
    assert_false(timer_armed(timer));
    assert_true(timer->deadline_ns <= fake_now);
    fired[nr_fired++] = timer->deadline_ns;
}

static void run_until(uint64_t now)
{
    nr_fired = 0;
    fake_now = now;
    timer_run();
}

static void test_timer_fires_in_order(void **state)
{
    (void)state;
    for (int i = 0; i < NR; i++) {
        timers[i].fn = note;
        timer_set(&timers[i], 1 + (uint64_t)(i * 7919 % 1000));
    }
    assert_int_equal(timer_next(), 1);
    run_until(1000);
    assert_int_equal(nr_fired, NR);
    for (int i = 1; i < NR; i++)
        assert_true(fired[i - 1] <= fired[i]);
    assert_true(timer_next() == NO_DEADLINE);
}

static void test_timer_cancel_and_move(void **state)
{
    (void)state;
    for (int i = 0; i < NR; i++)
        timer_set(&timers[i], 2000 + (uint64_t)(rand() % 1000));
    for (int i = 0; i < NR; i += 2)
        timer_cancel(&timers[i]);
    for (int i = 0; i < NR; i += 3)
        timer_set(&timers[i], 3500 + (uint64_t)i);
    timer_cancel(&timers[0]);
    timer_cancel(&timers[0]);
    run_until(3000);
    for (int i = 0; i < NR; i++)
        assert_int_equal(timer_armed(&timers[i]), i > 0 && i % 3 == 0);
    run_until(5000);
    assert_int_equal(nr_fired, (NR - 1) / 3);
    assert_true(timer_next() == NO_DEADLINE);
}

static void arm_again(struct timer *timer)
{
    nr_fired++;
    timer_set(timer, fake_now + 10);
    timer_run(); /* must not nest */
}

static void test_timer_callback_arms_again(void **state)
{
    (void)state;
    timers[0].fn = arm_again;
    timer_set(&timers[0], 6000);
    run_until(6000);
    assert_int_equal(nr_fired, 1);
    assert_int_equal(timer_next(), 6010);
    timer_cancel(&timers[0]);
    assert_true(timer_next() == NO_DEADLINE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timer_fires_in_order),
        cmocka_unit_test(test_timer_cancel_and_move),
        cmocka_unit_test(test_timer_callback_arms_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
