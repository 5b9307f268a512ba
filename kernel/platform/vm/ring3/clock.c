/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time from what every PC has: the time-stamp counter, measured against the
 * PIT (a long-run reference: each sample compares them again), and the RTC
 * for the date. Monotonic time counts from the machine's start.
 */
#include "kernel/platform/vm/muldiv.h"
#include "kernel/platform/vm/ring3/ring3.h"

#define NSEC UINT64_C(1000000000)
#define PIT_HZ UINT64_C(1193182)

enum { PIT_CH2 = 0x42, PIT_MODE = 0x43, PIT_GATE = 0x61 };
enum { CALIBRATE_TICKS = 600 }; /* 0.5 ms: to 0.2 % */
enum { RTC_INDEX = 0x70, RTC_DATA = 0x71 };

static struct {
    uint64_t tsc_hz;
    uint64_t boot_hz;   /* what the shim was told that it is */
    uint64_t tsc;       /* of the last sample ... */
    uint64_t pit_ticks; /* ... and ticks since the first one */
    uint16_t pit_raw;
    bool fine;         /* tsc_hz is better than boot_hz */
    uint64_t first_ns; /* monotonic time of the first sample */
    uint64_t last_ns;  /* given out: never go back */
    int64_t real_minus_mono;
} clk;

/* ---- PIT: channel 2 counts down from 65536, over and over -------------- */

static void pit_start(void)
{
    outb(PIT_GATE, (inb(PIT_GATE) & 0xfc) | 1);
    outb(PIT_MODE, 0xb4); /* channel 2, low then high byte, mode 2 */
    outb(PIT_CH2, 0);
    outb(PIT_CH2, 0);
}

/* Ticks since the start, modulo 65536, and the time-stamp that goes with it:
 * of a few tries the one that took least. */
static uint16_t pit_read(uint64_t *tsc)
{
    uint64_t best = UINT64_MAX;
    uint16_t count = 0;

    for (int i = 0; i < 4; i++) {
        uint64_t before = rdtsc(), after;
        uint8_t low, high;

        outb(PIT_MODE, 0x80); /* latch */
        after = rdtsc();
        low = inb(PIT_CH2);
        high = inb(PIT_CH2);
        if (after - before >= best)
            continue;
        best = after - before;
        *tsc = before + best / 2;
        count = (uint16_t)(low | high << 8);
    }
    return (uint16_t)-count;
}

static void calibrate(void)
{
    uint64_t tsc, first;
    uint16_t ticks, start;

    pit_start();
    start = pit_read(&first);
    do {
        ticks = (uint16_t)(pit_read(&tsc) - start);
    } while (ticks < CALIBRATE_TICKS && tsc - first < 20 * NSEC);
    clk.tsc_hz = mul_div(tsc - first, PIT_HZ, ticks ? ticks : 1);
    clk.boot_hz = clk.tsc_hz;
    clk.tsc = tsc;
    clk.pit_raw = (uint16_t)(start + ticks);
}

/* What lies between two samples tells the rate finer than the start did. */
static void learn_rate(uint64_t cycles, uint64_t ticks)
{
    if (ticks > PIT_HZ / 32 && ticks < PIT_HZ * 32) {
        clk.tsc_hz = mul_div(cycles, PIT_HZ, ticks);
        clk.fine = true;
    }
}

/* Advances the PIT's long count to now. Between samples it may have wrapped
 * many times; the time-stamp counter says how often. */
static void pit_advance(void)
{
    uint64_t tsc, guess, ticks;
    uint16_t raw = pit_read(&tsc), low;

    guess = mul_div(tsc - clk.tsc, PIT_HZ, clk.tsc_hz);
    low = (uint16_t)(raw - clk.pit_raw);
    ticks = (guess & ~UINT64_C(0xffff)) | low;
    if (ticks > guess + 0x8000 && ticks >= 0x10000)
        ticks -= 0x10000;
    else if (ticks + 0x8000 < guess)
        ticks += 0x10000;
    learn_rate(tsc - clk.tsc, ticks);
    clk.pit_ticks += ticks;
    clk.pit_raw = raw;
    clk.tsc = tsc;
}

/* ---- RTC --------------------------------------------------------------- */

static uint8_t rtc(uint8_t index)
{
    outb(RTC_INDEX, index);
    return inb(RTC_DATA);
}

static uint32_t from_bcd(uint32_t value, bool binary)
{
    return binary ? value : (value >> 4) * 10 + (value & 15);
}

/* Days since 1970 of a date, by counting years from March. */
static int64_t days_of(uint32_t year, uint32_t month, uint32_t day)
{
    uint32_t y = month > 2 ? year : year - 1;
    uint32_t m = month > 2 ? month - 3 : month + 9;

    return (int64_t)y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 +
           day - 1 - 719468;
}

static int64_t rtc_seconds(void)
{
    uint8_t v[6]; /* second, minute, hour, day, month, year */
    static const uint8_t index[6] = {0, 2, 4, 7, 8, 9};
    bool binary;

    for (int i = 0; i < 10000 && rtc(10) & 0x80;) /* update in progress */
        i++;
    binary = rtc(11) & 4;
    for (int i = 0; i < 6; i++)
        v[i] = (uint8_t)from_bcd(rtc(index[i]), binary);
    return days_of(2000u + v[5], v[4], v[3]) * 86400 + v[2] * 3600 + v[1] * 60 +
           v[0];
}

/* ---- calls ------------------------------------------------------------- */

uint64_t clock_init(int64_t real_ns)
{
    int64_t rtc_ns;

    if (monitor) {
        struct abi_clock_sample sample;

        clk.tsc_hz = clk.boot_hz = monitor->tsc_hz;
        clock_sample(&sample);
        return clk.tsc_hz;
    }
    calibrate();
    clk.first_ns = mul_div(clk.tsc, NSEC, clk.tsc_hz);
    rtc_ns = rtc_seconds() * (int64_t)NSEC;
    /* The RTC knows whole seconds only. If the host said something that fits,
     * it is better, though as old as the machine's start. */
    real_ns += (int64_t)clk.first_ns;
    if (real_ns - rtc_ns > 3 * (int64_t)NSEC ||
        rtc_ns - real_ns > 3 * (int64_t)NSEC)
        real_ns = rtc_ns;
    clk.real_minus_mono = real_ns - (int64_t)clk.first_ns;
    clk.last_ns = clk.first_ns;
    return clk.tsc_hz;
}

static int64_t monitor_sample(struct abi_clock_sample *out)
{
    outl(MONITOR_PORT_DO, MONITOR_REQUEST(MONITOR_DO_CLOCK, 0));
    out->tsc = clk.tsc = monitor->tsc;
    out->mono_ns = clk.last_ns = monitor->mono_ns;
    out->real_ns = monitor->real_ns;
    return 0;
}

int64_t clock_sample(struct abi_clock_sample *out)
{
    uint64_t ns;

    if (monitor)
        return monitor_sample(out);
    pit_advance();
    ns = clk.first_ns + mul_div(clk.pit_ticks, NSEC, PIT_HZ);
    if (ns > clk.last_ns)
        clk.last_ns = ns;
    out->tsc = clk.tsc;
    out->mono_ns = clk.last_ns;
    out->real_ns = (int64_t)clk.last_ns + clk.real_minus_mono;
    return 0;
}

/* Now, by the counter alone, from the last sample on. */
uint64_t clock_mono_ns(void)
{
    return clk.last_ns + mul_div(rdtsc() - clk.tsc, NSEC, clk.tsc_hz);
}

/* While the PIT wraps the counter must tell how often, to half a time (27 ms):
 * its rate allows that for so long without a sample. */
static uint64_t nap_max_ns(void)
{
    if (monitor)
        return UINT64_MAX;
    return clk.fine ? 256 * NSEC : NSEC / 16;
}

uint64_t clock_wait_ns(uint64_t deadline_mono_ns)
{
    uint64_t max = nap_max_ns(), now, ns;

    if (deadline_mono_ns == ABI_NO_DEADLINE)
        return max;
    now = clock_mono_ns();
    ns = deadline_mono_ns > now ? deadline_mono_ns - now : 0;
    return mul_div(ns < max ? ns : max, clk.tsc_hz, clk.boot_hz);
}
