/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clocks: a line through the platform's last sample. About once a second (more
 * often at first, if the rate is rough) a new sample is taken; the new line
 * starts where the old one ended if that is later, and is bent so that the two
 * meet again within a second.
 */
#include "kernel/core/clock.h"

#include "kernel/arch/x86_64/arch.h"
#include "kernel/core/cpu.h"
#include "kernel/core/log.h"

/* How long a program may go on without asking: a new sample is due earlier. */
enum { SECONDS_MAX = 4 };
/* A rough rate: first sample after this part of a second, then doubled. How
 * far, one part in so many, it may be off; for how long one sample teaches. */
enum { FIRST_PERIOD = 16, RATE_ERROR = 64, TEACH_SECONDS = 8 };
_Static_assert(SECONDS_MAX *NSEC_PER_SEC <= UINT64_MAX >> VDSO_SHIFT,
               "the vDSO multiplies in 64 bits");

static struct {
    bool ready, has_tsc;
    struct clock_page page;
    uint64_t nominal_mult, boot_mult;
    uint64_t resync_tsc;            /* when a new sample is due */
    uint64_t second_tsc;            /* ticks in a second */
    uint64_t period_tsc;            /* between two samples */
    struct abi_clock_sample taught; /* learn_rate() measures from it */
    uint64_t mono_base_ns;
    int64_t real_minus_mono_ns;
    uint64_t last_ns; /* without TSC: what was returned last */
} clk;

static uint64_t scale(uint64_t ticks, uint64_t mult)
{
    return (uint64_t)((unsigned __int128)ticks * mult >> VDSO_SHIFT);
}

static uint64_t line_at(uint64_t tsc)
{
    const struct clock_page *p = &clk.page;

    if (tsc < p->tsc_base)
        return clk.mono_base_ns;
    return clk.mono_base_ns + scale(tsc - p->tsc_base, p->mult);
}

/* The program's readers see an odd count while the page changes. Who still saw
 * an even one has read the TSC by the time this returns. */
static void begin_write(void)
{
    __atomic_store_n(&clk.page.seq, clk.page.seq + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void end_write(void)
{
    __atomic_store_n(&clk.page.seq, clk.page.seq + 1, __ATOMIC_RELEASE);
}

/* We may be ahead of the platform by some microseconds: run slower, never
 * back. Beyond a tenth the clock just waits at a tenth of slowness. */
static uint64_t bent_mult(uint64_t ahead_ns)
{
    uint64_t max = NSEC_PER_SEC / 10;

    if (ahead_ns > max)
        ahead_ns = max;
    return clk.nominal_mult -
           clk.nominal_mult / 1000 * ahead_ns / (NSEC_PER_SEC / 1000);
}

static void set_line(int line, uint64_t base_ns)
{
    clk.page.line[line].sec = base_ns / NSEC_PER_SEC;
    clk.page.line[line].nsec = base_ns % NSEC_PER_SEC;
}

/* The platform's time at `tsc`, from a sample taken a little earlier. */
static uint64_t theirs_at(const struct abi_clock_sample *s, uint64_t tsc)
{
    if (tsc < s->tsc)
        return s->mono_ns;
    return s->mono_ns + scale(tsc - s->tsc, clk.nominal_mult);
}

static bool is_rough(void)
{
    return platform.boot->flags & ABI_BOOT_TSC_ROUGH;
}

/* Nanoseconds of a tick as mult says; of times apart, not of huge ones. */
static uint64_t mult_of(uint64_t ns, uint64_t ticks)
{
    for (; ns >> (64 - VDSO_SHIFT); ns >>= 1)
        ticks >>= 1;
    return ticks ? (ns << VDSO_SHIFT) / ticks : 0;
}

/* A rate that was measured briefly at boot: two samples tell it the finer, the
 * further they are apart. What is no error of such a measurement (restored,
 * asleep) teaches nothing. */
static void learn_rate(const struct abi_clock_sample *s)
{
    uint64_t ticks = s->tsc - clk.taught.tsc;
    uint64_t ns = s->mono_ns - clk.taught.mono_ns;
    uint64_t off = clk.boot_mult / RATE_ERROR;
    uint64_t mult = mult_of(ns, ticks);

    if (s->tsc > clk.taught.tsc && ticks < clk.second_tsc / FIRST_PERIOD / 2)
        return;
    if (mult - (clk.boot_mult - off) <= 2 * off)
        clk.nominal_mult = mult;
    else
        clk.taught = *s;
    if (ticks > TEACH_SECONDS * clk.second_tsc)
        clk.taught = *s;
    if (clk.period_tsc < clk.second_tsc)
        clk.period_tsc *= 2;
}

/* The lines meet at this moment, not at the sample's: other CPUs have read the
 * old one since, which may be the faster one. */
static void move_line(const struct abi_clock_sample *s, bool first)
{
    uint64_t now, ours, theirs, ahead;

    begin_write();
    now = arch_rdtsc_ordered();
    ours = first ? 0 : line_at(now);
    theirs = theirs_at(s, now);
    ahead = ours > theirs ? ours - theirs : 0;
    clk.real_minus_mono_ns = s->real_ns - (int64_t)s->mono_ns;
    clk.mono_base_ns = theirs + ahead;
    clk.page.tsc_base = now;
    clk.page.mult = bent_mult(ahead);
    clk.page.ticks_max = SECONDS_MAX * clk.period_tsc;
    set_line(VDSO_MONO, clk.mono_base_ns);
    set_line(VDSO_REAL, clk.mono_base_ns + (uint64_t)clk.real_minus_mono_ns);
    end_write();
    clk.resync_tsc = now + clk.period_tsc;
}

/* Without a usable TSC every reading is a sample. */
static uint64_t sample_now(void)
{
    struct abi_clock_sample s;

    if (platform.ops.clock_sample(&s) == 0) {
        clk.real_minus_mono_ns = s.real_ns - (int64_t)s.mono_ns;
        if (s.mono_ns > clk.last_ns)
            clk.last_ns = s.mono_ns;
    }
    return clk.last_ns;
}

void clock_resync(void)
{
    struct abi_clock_sample s;

    if (!clk.has_tsc) {
        sample_now();
        return;
    }
    if (platform.ops.clock_sample(&s) < 0)
        return;
    if (is_rough())
        learn_rate(&s);
    move_line(&s, false);
}

void clock_init(void)
{
    const struct abi_boot *boot = platform.boot;
    struct abi_clock_sample s;

    clk.has_tsc = (boot->flags & ABI_BOOT_TSC) && boot->tsc_hz > 1000000;
    clk.ready = true;
    if (!clk.has_tsc) {
        clk.page.ticks_max = 0; /* the vDSO asks us each time */
        sample_now();
        return;
    }
    clk.second_tsc = boot->tsc_hz;
    clk.period_tsc =
        is_rough() ? clk.second_tsc / FIRST_PERIOD : clk.second_tsc;
    clk.boot_mult = (NSEC_PER_SEC << VDSO_SHIFT) / boot->tsc_hz;
    clk.nominal_mult = clk.boot_mult;
    if (platform.ops.clock_sample(&s) < 0)
        panic("the platform has no clock");
    clk.taught = s;
    move_line(&s, true);
}

bool clock_ready(void)
{
    return clk.ready;
}

uint64_t clock_mono_ns(void)
{
    uint64_t tsc;

    if (!clk.has_tsc)
        return sample_now();
    tsc = arch_rdtsc_ordered();
    if (tsc >= clk.resync_tsc) {
        clock_resync();
        tsc = arch_rdtsc_ordered();
    }
    return line_at(tsc);
}

int64_t clock_real_ns(void)
{
    uint64_t mono = clock_mono_ns();

    return (int64_t)mono + clk.real_minus_mono_ns;
}

const struct clock_page *clock_page(void)
{
    return &clk.page;
}
