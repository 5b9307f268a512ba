/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time: the own monitor's page, KVM's clock, or what every PC has. Between
 * two samples of these the time-stamp counter tells it.
 */
#include "kernel/platform/vm/ring3/clock.h"

#include "kernel/platform/vm/muldiv.h"
#include "kernel/platform/vm/ring3/ring3.h"
#include "lib/list.h"

static struct {
    const struct clock_source *source;
    uint64_t tsc_hz;
    uint64_t boot_hz; /* what the shim was told that it is */
    struct abi_clock_sample last;
    uint32_t version; /* of tsc_hz and last; odd: they are being changed */
} clk;

/* ---- the own monitor's page (abi/monitor.h) ------------------------------ */

static uint64_t monitor_init(int64_t real_ns)
{
    (void)real_ns;
    return monitor ? monitor->tsc_hz : 0;
}

/* The last one does if it is new: the request costs more than it ages. */
static uint64_t monitor_sample(struct abi_clock_sample *out)
{
    enum { NEW_PARTS = 200 }; /* of a second */

    if (rdtsc() - monitor->tsc > clk.tsc_hz / NEW_PARTS)
        outl(MONITOR_PORT_DO, MONITOR_REQUEST(MONITOR_DO_CLOCK, 0));
    out->tsc = monitor->tsc;
    out->mono_ns = monitor->mono_ns;
    out->real_ns = monitor->real_ns;
    return clk.tsc_hz;
}

const struct clock_source clock_monitor = {
    .init = monitor_init,
    .sample = monitor_sample,
};

/* ---- calls --------------------------------------------------------------- */

uint64_t clock_init(int64_t real_ns)
{
    static const struct clock_source *const sources[] = {
        &clock_kvm, &clock_monitor, &clock_pit}; /* the last never fails */
    struct abi_clock_sample first;

    for (unsigned i = 0; i < ARRAY_LEN(sources) && !clk.tsc_hz; i++) {
        clk.source = sources[i];
        clk.tsc_hz = sources[i]->init(real_ns);
    }
    clk.boot_hz = clk.tsc_hz;
    clock_sample(&first);
    return clk.boot_hz;
}

bool clock_is_rough(void)
{
    return clk.source->is_rough;
}

/* Samples are taken by one CPU at a time, waits are made by all. */
static void keep(uint64_t tsc_hz, const struct abi_clock_sample *sample)
{
    __atomic_add_fetch(&clk.version, 1, __ATOMIC_SEQ_CST);
    clk.tsc_hz = tsc_hz;
    clk.last = *sample;
    __atomic_add_fetch(&clk.version, 1, __ATOMIC_SEQ_CST);
}

int64_t clock_sample(struct abi_clock_sample *out)
{
    uint64_t tsc_hz = clk.source->sample(out);

    if (out->mono_ns < clk.last.mono_ns)
        out->mono_ns = clk.last.mono_ns;
    keep(tsc_hz, out);
    return 0;
}

uint64_t clock_mono_ns(void)
{
    struct abi_clock_sample last;
    uint64_t tsc_hz;
    uint32_t version;

    do {
        version = __atomic_load_n(&clk.version, __ATOMIC_ACQUIRE);
        tsc_hz = clk.tsc_hz;
        last = clk.last;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while (version % 2 ||
             version != __atomic_load_n(&clk.version, __ATOMIC_RELAXED));
    return last.mono_ns + mul_div(rdtsc() - last.tsc, NSEC_PER_SEC, tsc_hz);
}

uint64_t clock_wait_ns(uint64_t deadline_mono_ns)
{
    uint64_t max =
        clk.source->nap_max_ns ? clk.source->nap_max_ns() : UINT64_MAX;
    uint64_t now, ns;

    if (deadline_mono_ns == ABI_NO_DEADLINE)
        return max;
    now = clock_mono_ns();
    ns = deadline_mono_ns > now ? deadline_mono_ns - now : 0;
    return mul_div(ns < max ? ns : max, clk.tsc_hz, clk.boot_hz);
}
