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

enum { VDSO_MONO, VDSO_REAL, VDSO_NR_LINES };

/* A sequence count, odd while the page changes. A line gives the time as its
 * base and (ticks * mult >> VDSO_SHIFT) nanoseconds, where ticks =
 * tsc - tsc_base. From ticks_max on (0: always; four seconds at most, so that
 * the product fits 64 bits) the reader must ask the kernel. Seconds stand apart
 * so that no reader needs to divide. */
struct clock_page {
    uint32_t seq;
    uint32_t reserved;
    uint64_t tsc_base, ticks_max;
    uint64_t mult;
    struct vdso_line {
        uint64_t sec, nsec;
    } line[VDSO_NR_LINES];
};

enum { VDSO_SHIFT = 32 };

#endif
