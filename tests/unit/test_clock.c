/* sources: kernel/core/clock.c */
/* SPDX-License-Identifier: BSD-2-Clause */
/* Clocks over a platform whose own clock wanders: never back, and together
 * again within seconds. The fake processor's TSC counts nanoseconds. */
#include "tests/unit/fake_kernel.h"

#include "kernel/arch/x86_64/arch.h"
#include "kernel/core/clock.h"

static int64_t error_ns;
static uint64_t start;
static int64_t step_ns;

static int64_t fake_sample(struct abi_clock_sample *out)
{
    out->tsc = arch_rdtsc();
    out->mono_ns = (uint64_t)((int64_t)(out->tsc - start) + error_ns);
    out->real_ns = (int64_t)out->mono_ns + step_ns;
    return 0;
}

/* As the vDSO reads on another CPU. */
static uint64_t read_page(void)
{
    const struct clock_page *p = clock_page();
    uint64_t ticks = arch_rdtsc() - p->tsc_base;

    return p->line[VDSO_MONO].sec * NSEC_PER_SEC + p->line[VDSO_MONO].nsec +
           (ticks * p->mult >> VDSO_SHIFT);
}

static uint64_t read_meanwhile;

/* The CPU is taken away behind the sample; others go on reading. */
static int64_t slow_sample(struct abi_clock_sample *out)
{
    int64_t ret = fake_sample(out);

    while (arch_rdtsc() - out->tsc < 1000000)
        ;
    read_meanwhile = read_page();
    return ret;
}

static int setup(void **state)
{
    (void)state;
    start = arch_rdtsc() - 1000000000;
    fake_boot.flags = ABI_BOOT_TSC;
    fake_boot.tsc_hz = 1000000000;
    platform.ops.clock_sample = fake_sample;
    error_ns = 0;
    step_ns = 1700000000;
    clock_init();
    return 0;
}

static void test_clock_never_goes_back(void **state)
{
    uint64_t last = clock_mono_ns();

    (void)state;
    for (int i = 0; i < 200000; i++) {
        uint64_t now;

        if (i % 100 == 0) {
            error_ns = rand() % 20000 - 10000;
            clock_resync();
        }
        now = clock_mono_ns();
        assert_true(now >= last);
        last = now;
    }
}

static void test_clock_not_behind_what_was_read_during_a_sample(void **state)
{
    (void)state;
    error_ns = -50000000;
    platform.ops.clock_sample = slow_sample;
    clock_resync();
    assert_true(clock_mono_ns() >= read_meanwhile);
    assert_true(read_page() >= read_meanwhile);
}

static void test_clock_runs_slower_when_ahead(void **state)
{
    uint32_t seq = clock_page()->seq;
    uint64_t full;

    (void)state;
    error_ns = 0;
    clock_resync();
    full = clock_page()->mult;
    error_ns = -50000000; /* the platform says: 50 ms earlier */
    clock_resync();
    assert_true(clock_page()->mult < full);
    assert_true(clock_page()->mult >= full / 10 * 9);
    assert_true(clock_page()->seq % 2 == 0 && clock_page()->seq > seq);
}

static void test_clock_real_steps(void **state)
{
    (void)state;
    step_ns = 1800000000;
    clock_resync();
    assert_true(clock_real_ns() - (int64_t)clock_mono_ns() <= step_ns);
    assert_true(clock_real_ns() - (int64_t)clock_mono_ns() >
                step_ns - 10000000);
}

static int64_t line_base(int line)
{
    const struct vdso_line *l = &clock_page()->line[line];

    assert_true(l->nsec < NSEC_PER_SEC);
    return (int64_t)(l->sec * NSEC_PER_SEC + l->nsec);
}

/* What the vDSO reads: real time is its line, monotonic time the other one. */
static void test_clock_lines_are_the_clocks(void **state)
{
    int64_t offset;

    (void)state;
    clock_resync();
    offset = line_base(VDSO_REAL) - line_base(VDSO_MONO);
    assert_true(offset >= step_ns - 10000000 && offset <= step_ns);
    assert_true(line_base(VDSO_MONO) <= (int64_t)clock_mono_ns());
    assert_true(line_base(VDSO_MONO) > (int64_t)clock_mono_ns() - 1000000000);
    assert_int_equal(clock_page()->ticks_max, 4 * fake_boot.tsc_hz);
}

static int setup_rough(void **state)
{
    setup(state);
    fake_boot.flags |= ABI_BOOT_TSC_ROUGH;
    fake_boot.tsc_hz = 1002000000; /* 0.2 % too fast: time runs slow */
    clock_init();
    return 0;
}

static void pass(uint64_t ticks)
{
    uint64_t from = arch_rdtsc();

    while (arch_rdtsc() - from < ticks)
        ;
}

/* How far the clock's rate is off, one part in so many. */
static uint64_t rate_error(void)
{
    int64_t off = (int64_t)(clock_page()->mult - (UINT64_C(1) << VDSO_SHIFT));

    return (UINT64_C(1) << VDSO_SHIFT) / (uint64_t)(off ? llabs(off) : 1);
}

static void test_clock_learns_a_rough_rate(void **state)
{
    (void)state;
    assert_true(rate_error() < 600);
    assert_int_equal(clock_page()->ticks_max, fake_boot.tsc_hz / 16 * 4);
    pass(70000000);
    clock_mono_ns();
    assert_true(rate_error() > 20000);
    assert_int_equal(clock_page()->ticks_max, fake_boot.tsc_hz / 16 * 8);
}

static void test_clock_learns_nothing_at_once(void **state)
{
    (void)state;
    error_ns = 3000;
    clock_resync();
    assert_true(rate_error() < 600);
}

/* A machine that was stopped meanwhile has no other rate. */
static void test_clock_learns_nothing_of_jumps(void **state)
{
    (void)state;
    error_ns = 30000000000;
    pass(70000000);
    clock_mono_ns();
    assert_in_range(rate_error(), 450, 600);
    pass(140000000);
    clock_mono_ns();
    assert_true(rate_error() > 20000);
}

static void test_clock_rate_was_exact(void **state)
{
    (void)state;
    fake_boot.tsc_hz = 1002000000;
    clock_init();
    pass(70000000);
    clock_resync();
    assert_in_range(rate_error(), 450, 600);
}

static void test_clock_without_tsc(void **state)
{
    uint64_t last;

    (void)state;
    fake_boot.flags = 0;
    clock_init();
    last = clock_mono_ns();
    for (int i = 0; i < 1000; i++) {
        uint64_t now;

        error_ns = rand() % 1000000;
        now = clock_mono_ns();
        assert_true(now >= last);
        last = now;
    }
    assert_int_equal(clock_page()->ticks_max, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_clock_never_goes_back, setup),
        cmocka_unit_test_setup(
            test_clock_not_behind_what_was_read_during_a_sample, setup),
        cmocka_unit_test_setup(test_clock_runs_slower_when_ahead, setup),
        cmocka_unit_test_setup(test_clock_real_steps, setup),
        cmocka_unit_test_setup(test_clock_lines_are_the_clocks, setup),
        cmocka_unit_test_setup(test_clock_learns_a_rough_rate, setup_rough),
        cmocka_unit_test_setup(test_clock_learns_nothing_at_once, setup_rough),
        cmocka_unit_test_setup(test_clock_learns_nothing_of_jumps, setup_rough),
        cmocka_unit_test_setup(test_clock_rate_was_exact, setup),
        cmocka_unit_test(test_clock_without_tsc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
