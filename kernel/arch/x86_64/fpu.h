/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Vector state: x87, SSE, AVX and what else XCR0 enables, in an XSAVE area
 * (FXSAVE on processors without XSAVE). Areas are 64-byte aligned and start
 * zeroed. The kernel itself never touches these registers.
 */
#ifndef EINKORN_KERNEL_ARCH_X86_64_FPU_H
#define EINKORN_KERNEL_ARCH_X86_64_FPU_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes of an area in the standard format. Asks CPUID at the first call. */
uint32_t arch_fpu_size(void);
/* XCR0 bits that areas hold; 0: FXSAVE only. */
uint64_t arch_fpu_features(void);
/* In whatever format is fastest, for arch_fpu_restore alone. */
void arch_fpu_save(void *area);
/* In the standard format, as signal frames have it. */
void arch_fpu_save_standard(void *area);
/* Either format. False if the processor refuses what the area holds. */
bool arch_fpu_restore(const void *area);
/* Control words of a program's start; the registers are clean already. */
void arch_fpu_begin(void);
/* As after the start of a program. */
void arch_fpu_reset(void *scratch_area);

#endif
