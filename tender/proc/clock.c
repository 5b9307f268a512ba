/* SPDX-License-Identifier: BSD-2-Clause */
/* The time stamp counter's frequency, where the host itself trusts it. */
#include "lib/string.h"
#include "tender/common/sys.h"
#include "tender/proc/launch.h"

#include <linux/fcntl.h>

#define CLOCKSOURCE                                                            \
    "/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define NS_PER_S UINT64_C(1000000000)
#define MEASURE_NS UINT64_C(1000000)

static int host_trusts_tsc(void)
{
    char name[8] = "";
    int64_t fd = sys4(__NR_openat, AT_FDCWD, CLOCKSOURCE, O_RDONLY, 0);

    if (fd < 0)
        return 0;
    sys3(__NR_read, fd, name, sizeof(name) - 1);
    sys1(__NR_close, fd);
    return !strcmp(name, "tsc\n");
}

static void sample(struct abi_clock_sample *s)
{
    gate.boot.flags |= ABI_BOOT_TSC; /* to try more than once */
    gate_ops.clock_sample(s);
    gate.boot.flags &= ~(uint64_t)ABI_BOOT_TSC;
}

/* Callers that start often pass tsc_hz=; this takes a millisecond, and the
 * kernel refines it as time goes by. */
uint64_t clock_tsc_hz(void)
{
    struct abi_clock_sample first, last;
    uint64_t ns;

    if (!host_trusts_tsc())
        return 0;
    sample(&first);
    do {
        sample(&last);
        ns = last.mono_ns - first.mono_ns;
    } while (ns < MEASURE_NS);
    return (last.tsc - first.tsc) * NS_PER_S / ns;
}
