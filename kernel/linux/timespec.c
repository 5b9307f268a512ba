/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conversions between program times and monotonic nanoseconds.
 */
#include "kernel/linux/timespec.h"

#include <asm/errno.h>

#include "kernel/core/clock.h"
#include "kernel/sched/thread.h"

/* Bits 0-1 of a negative clock number: which clock; bit 2: of a thread; the
 * rest: ~pid. See clock_getcpuclockid(3). */
static int cpu_clock(int32_t clock, int64_t *ns)
{
    int32_t id = ~clock >> 3;
    const struct thread *t;

    if ((clock & 3) == 3)
        return -EINVAL;
    if (!(clock & 4)) {
        if (id != 0 && id != 1)
            return -EINVAL;
        *ns = (int64_t)process_cpu_ns();
        return 0;
    }
    t = id ? thread_find(id) : current_thread();
    if (!t)
        return -EINVAL;
    *ns = (int64_t)thread_cpu_ns(t);
    return 0;
}

bool clock_is_real(int32_t clock)
{
    return clock == CLOCK_ID_REALTIME || clock == CLOCK_ID_REALTIME_COARSE ||
           clock == CLOCK_ID_REALTIME_ALARM || clock == CLOCK_ID_TAI;
}

int clock_read(int32_t clock, int64_t *ns)
{
    if (clock < 0)
        return cpu_clock(clock, ns);
    switch (clock) {
    case CLOCK_ID_REALTIME:
    case CLOCK_ID_REALTIME_COARSE:
    case CLOCK_ID_REALTIME_ALARM:
    case CLOCK_ID_TAI:
        *ns = clock_real_ns();
        return 0;
    case CLOCK_ID_MONOTONIC:
    case CLOCK_ID_MONOTONIC_RAW:
    case CLOCK_ID_MONOTONIC_COARSE:
    case CLOCK_ID_BOOTTIME:
    case CLOCK_ID_BOOTTIME_ALARM:
        *ns = (int64_t)clock_mono_ns();
        return 0;
    case CLOCK_ID_PROCESS_CPU:
        *ns = (int64_t)process_cpu_ns();
        return 0;
    case CLOCK_ID_THREAD_CPU:
        *ns = (int64_t)thread_cpu_ns(current_thread());
        return 0;
    default:
        return -EINVAL;
    }
}

bool clock_has_timers(int32_t clock)
{
    return clock != CLOCK_ID_MONOTONIC_RAW &&
           clock != CLOCK_ID_REALTIME_COARSE &&
           clock != CLOCK_ID_MONOTONIC_COARSE;
}

struct ktimespec timespec_of(uint64_t ns)
{
    return (struct ktimespec){.sec = (int64_t)(ns / NSEC_PER_SEC),
                              .nsec = (int64_t)(ns % NSEC_PER_SEC)};
}

static uint64_t saturated(int64_t sec, int64_t nsec)
{
    const int64_t max = INT64_MAX / (int64_t)NSEC_PER_SEC - 1;

    if (sec > max)
        return (uint64_t)INT64_MAX;
    return (uint64_t)sec * NSEC_PER_SEC + (uint64_t)nsec;
}

int timespec_from_user(uptr_t addr, uint64_t *ns)
{
    struct ktimespec ts;

    if (copy_in(&ts, addr) < 0)
        return -EFAULT;
    if (ts.sec < 0 || ts.nsec < 0 || ts.nsec >= (int64_t)NSEC_PER_SEC)
        return -EINVAL;
    *ns = saturated(ts.sec, ts.nsec);
    return 0;
}

int timespec_to_user(uptr_t addr, uint64_t ns)
{
    struct ktimespec ts = timespec_of(ns);

    return copy_out(addr, &ts);
}

int timeval_from_user(uptr_t addr, uint64_t *ns)
{
    struct ktimeval tv;

    if (copy_in(&tv, addr) < 0)
        return -EFAULT;
    if (tv.sec < 0 || tv.usec < 0 || tv.usec >= 1000000)
        return -EINVAL;
    *ns = saturated(tv.sec, tv.usec * 1000);
    return 0;
}

int timeval_to_user(uptr_t addr, uint64_t ns)
{
    struct ktimeval tv = {.sec = (int64_t)(ns / NSEC_PER_SEC),
                          .usec = (int64_t)(ns % NSEC_PER_SEC / 1000)};

    return copy_out(addr, &tv);
}

uint64_t deadline_of(uint64_t ns, int32_t clock, bool is_absolute)
{
    uint64_t now = clock_mono_ns(), left = ns;

    if (is_absolute) {
        uint64_t real = (uint64_t)clock_real_ns();

        if (!clock_is_real(clock))
            return ns;
        left = ns > real ? ns - real : 0;
    }
    return left >= (uint64_t)INT64_MAX - now ? (uint64_t)INT64_MAX : now + left;
}

int deadline_from_user(uptr_t addr, int32_t clock, bool is_absolute,
                       uint64_t *deadline_ns)
{
    uint64_t ns;
    int err = timespec_from_user(addr, &ns);

    if (err)
        return err;
    *deadline_ns = deadline_of(ns, clock, is_absolute);
    return 0;
}

uint64_t timeout_ns(uint64_t ns)
{
    return ns ? deadline_of(ns, CLOCK_ID_MONOTONIC, false) : 0;
}

uint64_t timeout_ms(int32_t ms)
{
    return ms < 0 ? NO_DEADLINE : timeout_ns((uint64_t)ms * 1000000);
}

int timeout_from_user(uptr_t addr, uint64_t *deadline_ns)
{
    uint64_t ns;
    int err;

    *deadline_ns = NO_DEADLINE;
    if (!addr)
        return 0;
    err = timespec_from_user(addr, &ns);
    if (!err)
        *deadline_ns = timeout_ns(ns);
    return err;
}
