/* SPDX-License-Identifier: BSD-2-Clause */
/* KVM's clock, which needs no measurement and no exit (pvclock.h). */
#include "kernel/platform/vm/pvclock.h"
#include "kernel/platform/vm/ring3/clock.h"
#include "kernel/platform/vm/ring3/ring3.h"

enum { RATE_MIN = 10000000 };

static const volatile struct pvclock_page *const page = (void *)VM_KVM_CLOCK_AT;
static struct pvclock_time line; /* the last one that was sound */
static int64_t wall_ns;

static uint64_t init(int64_t real_ns)
{
    uint64_t hz;

    (void)real_ns; /* what the host says now is better */
    if ((monitor && !(monitor->flags & MONITOR_KVM_CLOCK)) ||
        vm_call(VM_KVM_CLOCK, 0, 0, 0, 0))
        return 0;
    wall_ns = pvclock_wall_ns(&page->wall);
    if (!pvclock_read(&page->time, &line) || !(line.flags & PVCLOCK_STABLE) ||
        wall_ns == INT64_MIN)
        return 0;
    hz = pvclock_hz(&line);
    return hz < RATE_MIN ? 0 : hz;
}

static uint64_t sample(struct abi_clock_sample *out)
{
    struct pvclock_time now;

    if (pvclock_read(&page->time, &now) && pvclock_hz(&now) >= RATE_MIN)
        line = now;
    out->tsc = rdtsc();
    out->mono_ns = pvclock_ns(&line, out->tsc);
    out->real_ns = wall_ns + (int64_t)out->mono_ns;
    return pvclock_hz(&line);
}

const struct clock_source clock_kvm = {
    .init = init,
    .sample = sample,
};
