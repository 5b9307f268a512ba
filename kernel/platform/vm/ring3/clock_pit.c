/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time from what every PC has: the time-stamp counter, measured against the
 * PIT (a long-run reference: each sample compares them again), and the RTC
 * for the date. Monotonic time counts from the machine's start.
 */
#include "kernel/platform/vm/muldiv.h"
#include "kernel/platform/vm/ring3/clock.h"
#include "kernel/platform/vm/ring3/ring3.h"

#define PIT_HZ UINT64_C(1193182)

enum { PIT_CH2 = 0x42, PIT_MODE = 0x43, PIT_GATE = 0x61 };
enum { CALIBRATE_TICKS = 600 }; /* 0.5 ms: to 0.2 % */
/* Of the time-stamp counter: half a second or so. */
enum { STANDS_STILL = 2000000000 };
enum { RTC_INDEX = 0x70, RTC_DATA = 0x71 };

static struct {
    uint64_t tsc_hz;
    uint64_t tsc;       /* of the last sample ... */
    uint64_t pit_ticks; /* ... and ticks since the first one */
    uint16_t pit_raw;
    bool fine;         /* tsc_hz is better than the start's */
    uint64_t first_ns; /* monotonic time of the first sample */
    int64_t real_minus_mono;
} pit;

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
    } while (ticks < CALIBRATE_TICKS && tsc - first < STANDS_STILL);
    if (!ticks)
        die("the machine has no clock: neither KVM's nor a PIT");
    pit.tsc_hz = mul_div(tsc - first, PIT_HZ, ticks);
    pit.tsc = tsc;
    pit.pit_raw = (uint16_t)(start + ticks);
}

/* What lies between two samples tells the rate finer than the start did. */
static void learn_rate(uint64_t cycles, uint64_t ticks)
{
    if (ticks > PIT_HZ / 32 && ticks < PIT_HZ * 32) {
        pit.tsc_hz = mul_div(cycles, PIT_HZ, ticks);
        pit.fine = true;
    }
}

/* Advances the PIT's long count to now. Between samples it may have wrapped
 * many times; the time-stamp counter says how often. */
static void pit_advance(void)
{
    uint64_t tsc, guess, ticks;
    uint16_t raw = pit_read(&tsc), low;

    guess = mul_div(tsc - pit.tsc, PIT_HZ, pit.tsc_hz);
    low = (uint16_t)(raw - pit.pit_raw);
    ticks = (guess & ~UINT64_C(0xffff)) | low;
    if (ticks > guess + 0x8000 && ticks >= 0x10000)
        ticks -= 0x10000;
    else if (ticks + 0x8000 < guess)
        ticks += 0x10000;
    learn_rate(tsc - pit.tsc, ticks);
    pit.pit_ticks += ticks;
    pit.pit_raw = raw;
    pit.tsc = tsc;
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

/* ---- the source -------------------------------------------------------- */

static uint64_t init(int64_t real_ns)
{
    const int64_t near = 3 * (int64_t)NSEC_PER_SEC;
    int64_t rtc_ns;

    calibrate();
    pit.first_ns = mul_div(pit.tsc, NSEC_PER_SEC, pit.tsc_hz);
    rtc_ns = rtc_seconds() * (int64_t)NSEC_PER_SEC;
    /* The RTC knows whole seconds only. If the host said something that fits,
     * it is better, though as old as the machine's start. */
    real_ns += (int64_t)pit.first_ns;
    if (real_ns - rtc_ns > near || rtc_ns - real_ns > near)
        real_ns = rtc_ns;
    pit.real_minus_mono = real_ns - (int64_t)pit.first_ns;
    return pit.tsc_hz;
}

static uint64_t sample(struct abi_clock_sample *out)
{
    pit_advance();
    out->tsc = pit.tsc;
    out->mono_ns = pit.first_ns + mul_div(pit.pit_ticks, NSEC_PER_SEC, PIT_HZ);
    out->real_ns = (int64_t)out->mono_ns + pit.real_minus_mono;
    return pit.tsc_hz;
}

/* While the PIT wraps, the counter must tell how often, to half a time (27 ms):
 * its rate allows that for so long without a sample. */
static uint64_t nap_max_ns(void)
{
    return pit.fine ? 256 * NSEC_PER_SEC : NSEC_PER_SEC / 16;
}

const struct clock_source clock_pit = {
    .init = init,
    .sample = sample,
    .nap_max_ns = nap_max_ns,
    .is_rough = true,
};
