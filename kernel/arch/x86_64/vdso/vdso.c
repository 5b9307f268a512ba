/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vDSO: clock calls that stay in the program (vdso(7)). It is part of the
 * kernel's text, and finds the clock page and the CPU's number through GS.
 * What it cannot answer goes to the kernel as a patched site would.
 */
#include <stdint.h>

#include "kernel/arch/x86_64/vdso/vdso.h"

struct time_spec {
    int64_t sec, nsec;
};
struct time_val {
    int64_t sec, usec;
};
struct time_zone {
    int32_t minutes_west, dst;
};

enum {
    NR_GETTIMEOFDAY = 96,
    NR_TIME = 201,
    NR_CLOCK_GETTIME = 228,
    NR_CLOCK_GETRES = 229,
    REALTIME = 0,
    NSEC = 1000000000,
};

/* Clock numbers that are one line on the monotonic clock; of these, the ones
 * that count real time. */
#define LINES UINT32_C(0x8f3)
#define REAL_LINES UINT32_C(0x821)

static long call2(long nr, long a, long b)
{
    __asm__ volatile("lea 1f(%%rip), %%rcx\n"
                     "jmp *%%gs:16\n"
                     "1:"
                     : "+a"(nr), "+D"(a), "+S"(b)
                     :
                     : "rcx", "r11", "memory");
    return nr;
}

static const struct clock_page *page(void)
{
    const struct clock_page *p;

    __asm__("mov %%gs:%c1, %0" : "=r"(p) : "i"(VDSO_CPU_CLOCK));
    return p;
}

static uint64_t rdtsc_ordered(void)
{
    uint32_t lo, hi;

    __asm__ volatile("lfence\n"
                     "rdtsc"
                     : "=a"(lo), "=d"(hi)
                     :
                     : "memory");
    return (uint64_t)hi << 32 | lo;
}

/* False: ask the kernel. Kept in the callers, as the rest of the arithmetic:
 * what stands behind the reading of the TSC is waited for. */
static inline __attribute__((always_inline)) int
read_clock(int line, struct time_spec *out)
{
    const struct clock_page *p = page();
    uint64_t ticks, sec, ns;
    uint32_t seq;

    do {
        seq = __atomic_load_n(&p->seq, __ATOMIC_ACQUIRE);
        ticks = rdtsc_ordered() - p->tsc_base;
        if (ticks >= p->ticks_max)
            return 0;
        ns = p->line[line].nsec + (ticks * p->mult >> VDSO_SHIFT);
        sec = p->line[line].sec;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while ((seq & 1) || __atomic_load_n(&p->seq, __ATOMIC_RELAXED) != seq);
    while (ns >= NSEC) { /* four times at most: ticks_max */
        ns -= NSEC;
        sec++;
        __asm__("" : "+r"(ns)); /* no division, please */
    }
    out->sec = (int64_t)sec;
    out->nsec = (int64_t)ns;
    return 1;
}

int __vdso_clock_gettime(int clock, struct time_spec *ts);
int __vdso_clock_gettime(int clock, struct time_spec *ts)
{
    if ((unsigned)clock > 11 || !(LINES >> clock & 1) ||
        !read_clock(REAL_LINES >> clock & 1, ts))
        return (int)call2(NR_CLOCK_GETTIME, clock, (long)ts);
    return 0;
}

int __vdso_clock_getres(int clock, struct time_spec *ts);
int __vdso_clock_getres(int clock, struct time_spec *ts)
{
    return (int)call2(NR_CLOCK_GETRES, clock, (long)ts);
}

int __vdso_gettimeofday(struct time_val *tv, struct time_zone *tz);
int __vdso_gettimeofday(struct time_val *tv, struct time_zone *tz)
{
    struct time_spec now;

    if (!tv || !read_clock(VDSO_REAL, &now))
        return (int)call2(NR_GETTIMEOFDAY, (long)tv, (long)tz);
    tv->sec = now.sec;
    tv->usec = now.nsec / 1000;
    if (tz)
        tz->minutes_west = tz->dst = 0;
    return 0;
}

int64_t __vdso_time(int64_t *out);
int64_t __vdso_time(int64_t *out)
{
    struct time_spec now;

    if (!read_clock(VDSO_REAL, &now))
        return call2(NR_TIME, (long)out, 0);
    if (out)
        *out = now.sec;
    return now.sec;
}

int __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused);
int __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused)
{
    unsigned index;

    (void)unused;
    __asm__("mov %%gs:%c1, %0" : "=r"(index) : "i"(VDSO_CPU_INDEX));
    if (cpu)
        *cpu = index;
    if (node)
        *node = 0;
    return 0;
}
