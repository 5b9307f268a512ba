/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A peer that asks, waits for the answer and asks again does so within a few
 * ten microseconds, and a sleeping processor takes longer than that to wake.
 * So devices are looked at for a moment before sleeping, but only where that
 * helps: each moment spent in vain doubles the number of sleeps that follow
 * without one. An instance that idles, or shares its processor with its peer,
 * spends nothing that could be measured.
 */
#include "kernel/sched/linger.h"

#include "kernel/core/clock.h"
#include "kernel/core/event.h"

enum { LINGER_NS = 50000, SKIP_MAX = 1023 };

static unsigned skip, next_skip;

static bool vain(void)
{
    next_skip = next_skip < SKIP_MAX ? 2 * next_skip + 1 : SKIP_MAX;
    skip = next_skip;
    return false;
}

bool linger(const uint8_t *pending)
{
    uint64_t now = clock_mono_ns(), end = now + LINGER_NS;

    if (skip) {
        skip--;
        return false;
    }
    if (timer_next() < end) /* a nap, not a wait for a peer */
        return false;
    for (; now < end; now = clock_mono_ns()) {
        if (event_poll()) {
            next_skip = 0;
            return true;
        }
        if (__atomic_load_n(pending, __ATOMIC_RELAXED))
            return true;
    }
    return vain();
}
