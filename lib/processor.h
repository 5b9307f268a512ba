/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Telling processors apart: a number made from what CPUID says that programs
 * choose their code by. The same on both sides of the platform ABI.
 */
#ifndef EINKORN_LIB_PROCESSOR_H
#define EINKORN_LIB_PROCESSOR_H

#include <stdint.h>

/* Family, model and features: leaf 1 (without ebx, which has an APIC ID) and
 * subleaf 0 of leaf 7 (without eax, which counts subleaves). */
struct processor_leaves {
    uint32_t eax1, ecx1, edx1;
    uint32_t ebx7, ecx7, edx7;
};

/* FNV-1a over the bytes of all six; never 0. */
static inline uint64_t processor_number(const struct processor_leaves *leaves)
{
    const uint8_t *bytes = (const uint8_t *)leaves;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (unsigned i = 0; i < sizeof(*leaves); i++)
        /* NOLINTNEXTLINE(clang-analyzer-core.*): cpuid filled them */
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash ? hash : 1;
}

#endif
