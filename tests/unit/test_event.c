/* SPDX-License-Identifier: BSD-2-Clause */
/* When sending waits, and what ends the wait. */
/* sources: kernel/core/event.c */
#include "tests/unit/fake_kernel.h"

#include "kernel/core/clock.h"
#include "kernel/core/event.h"

enum { MS = 1000000 };

static uint64_t now_ns = NSEC_PER_SEC;
static unsigned flushes, told;
static bool timer_sends, ticks = true;

uint64_t clock_mono_ns(void)
{
    return now_ns;
}

uint64_t timer_run(void)
{
    if (timer_sends)
        event_defer();
    return NO_DEADLINE;
}

static bool poll(struct event_source *s)
{
    (void)s;
    return false;
}

static void flush(struct event_source *s)
{
    (void)s;
    flushes++;
}

static bool tick_will_come(void)
{
    told++;
    return ticks;
}

static int setup(void **state)
{
    static struct event_source source = {.poll = poll, .flush = flush};
    static struct event_source silent = {.poll = poll};

    (void)state;
    event_register(&silent);
    event_register(&source);
    event_notify(tick_will_come);
    return 0;
}

static void test_event_defers_until_the_program_pauses(void **state)
{
    (void)state;
    flushes = told = 0;
    assert_true(event_defer());
    assert_true(event_defer());
    assert_int_equal(told, 2);
    assert_int_equal(flushes, 0);
    event_flush();
    assert_int_equal(flushes, 1);
    event_flush(); /* nothing waits any more */
    assert_int_equal(flushes, 1);
}

/* What a timer sends must not wait for the next poll: it may be far. */
static void test_event_poll_leaves_nothing_behind(void **state)
{
    (void)state;
    flushes = 0;
    timer_sends = true;
    assert_false(event_poll());
    timer_sends = false;
    assert_int_equal(flushes, 1);
    assert_false(event_deferred);
}

static void test_event_nothing_waits_without_a_tick(void **state)
{
    (void)state;
    flushes = 0;
    ticks = false;
    assert_false(event_defer());
    ticks = true;
    event_flush();
    assert_int_equal(flushes, 0);
}

static void test_event_a_tick_soon_after_is_no_delay(void **state)
{
    (void)state;
    flushes = 0;
    assert_true(event_defer());
    now_ns += MS / 10;
    event_tick();
    assert_int_equal(flushes, 1);
    assert_true(event_defer());
    event_flush();
}

/* Who computes after sending is sent for at once, for a while. */
static void test_event_late_tick_makes_eager(void **state)
{
    unsigned at_once = 0;

    (void)state;
    flushes = 0;
    assert_true(event_defer());
    now_ns += 3 * MS;
    event_tick();
    assert_int_equal(flushes, 1);
    while (at_once < 100000 && !event_defer())
        at_once++;
    assert_in_range(at_once, 100, 10000);
    event_flush();
}

/* A thread that sleeps while others run: their answers may go together. */
static void test_event_waits_for_the_answers_of_others(void **state)
{
    (void)state;
    assert_false(event_may_wait()); /* nothing to wait with */
    assert_true(event_defer());
    assert_true(event_may_wait());
    now_ns += MS / 10;
    assert_true(event_defer());
    assert_true(event_may_wait());
    now_ns += MS / 10; /* it is the oldest that counts */
    assert_false(event_may_wait());
    event_flush();
    assert_false(event_may_wait());
}

static void test_event_one_empty_read_for_an_answer(void **state)
{
    (void)state;
    assert_false(event_read_nothing());
    assert_true(event_defer());
    assert_true(event_read_nothing());
    assert_false(event_read_nothing()); /* it waits for a reply */
    assert_true(event_defer());
    assert_true(event_defer());
    assert_true(event_read_nothing());
    event_flush();
    assert_true(event_defer());
    assert_true(event_read_nothing());
    assert_false(event_read_nothing()); /* what is sent is forgotten */
    event_flush();
}

static void test_event_an_empty_read_long_after_sends(void **state)
{
    (void)state;
    assert_true(event_defer());
    now_ns += MS;
    assert_false(event_read_nothing());
    event_flush();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event_defers_until_the_program_pauses),
        cmocka_unit_test(test_event_poll_leaves_nothing_behind),
        cmocka_unit_test(test_event_nothing_waits_without_a_tick),
        cmocka_unit_test(test_event_a_tick_soon_after_is_no_delay),
        cmocka_unit_test(test_event_late_tick_makes_eager),
        cmocka_unit_test(test_event_waits_for_the_answers_of_others),
        cmocka_unit_test(test_event_one_empty_read_for_an_answer),
        cmocka_unit_test(test_event_an_empty_read_long_after_sends),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
