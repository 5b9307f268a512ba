/* SPDX-License-Identifier: BSD-2-Clause */
/* Where time comes from: the first source that is there, in clock.c's order. */
#ifndef EINKORN_VM_CLOCK_H
#define EINKORN_VM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/platform.h"

#pragma GCC visibility push(hidden)

#define NSEC_PER_SEC UINT64_C(1000000000)

struct clock_source {
    /* The counter's rate in Hz, 0: there is no such source. real_ns: what the
     * host's clock said shortly before boot, or 0. */
    uint64_t (*init)(int64_t real_ns);
    /* Fills all of out; returns the rate as it is known now. */
    uint64_t (*sample)(struct abi_clock_sample *out);
    /* How long it may be without a sample; NULL: for ever. */
    uint64_t (*nap_max_ns)(void);
    bool is_rough; /* ABI_BOOT_TSC_ROUGH */
};

extern const struct clock_source clock_monitor, clock_kvm, clock_pit;

#pragma GCC visibility pop

#endif
