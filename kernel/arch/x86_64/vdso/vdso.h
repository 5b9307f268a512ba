/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the vDSO and the kernel share: the clock page, found by way of struct
 * cpu (kernel/core/cpu.h asserts the offsets).
 */
#ifndef EINKORN_KERNEL_ARCH_X86_64_VDSO_H
#define EINKORN_KERNEL_ARCH_X86_64_VDSO_H

#include <stdint.h>

/* Offsets from GS. */
enum { VDSO_CPU_INDEX = 80, VDSO_CPU_CLOCK = 128 };

/* A sequence count, odd while it changes; ns = mono_base_ns +
 * ((tsc - tsc_base) * mult >> shift), the product in 128 bits. From tsc_max
 * on (0: always) the reader must ask the kernel. */
struct clock_page {
    uint32_t seq;
    uint32_t shift;
    uint64_t tsc_base, tsc_max;
    uint64_t mult;
    uint64_t mono_base_ns;
    int64_t real_minus_mono_ns;
};

#endif
