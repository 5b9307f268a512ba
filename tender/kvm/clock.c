/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's clock page: the host's own clocks, read when the guest asks. */
#include <time.h>

#include "tender/kvm/monitor.h"

static uint64_t rdtsc(void)
{
    uint32_t lo, hi;

    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return (uint64_t)hi << 32 | lo;
}

static int64_t ns_of(clockid_t clock)
{
    struct timespec ts;

    clock_gettime(clock, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

void clock_refresh(struct machine *m)
{
    uint64_t before = rdtsc();

    m->page->mono_ns = (uint64_t)ns_of(CLOCK_MONOTONIC);
    m->page->tsc = before + (rdtsc() - before) / 2;
    m->page->real_ns = ns_of(CLOCK_REALTIME);
}

/* 0: measured here, for those who start us by hand. */
static uint64_t measure(void)
{
    enum { MEASURE_NS = 10000000 };
    int64_t start = ns_of(CLOCK_MONOTONIC), now;
    uint64_t tsc = rdtsc(), end;

    do {
        now = ns_of(CLOCK_MONOTONIC);
        end = rdtsc();
    } while (now - start < MEASURE_NS);
    return (uint64_t)((unsigned __int128)(end - tsc) * 1000000000 /
                      (uint64_t)(now - start));
}

void clock_init(struct machine *m, uint64_t tsc_hz)
{
    m->page->tsc_hz = tsc_hz ? tsc_hz : measure();
    clock_refresh(m);
}
