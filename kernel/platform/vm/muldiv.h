/* SPDX-License-Identifier: BSD-2-Clause */
/* Scaling with a 128-bit product, without the compiler's run-time library. */
#ifndef EINKORN_VM_MULDIV_H
#define EINKORN_VM_MULDIV_H

#include <stdint.h>

/* value * num / den, UINT64_MAX if that is more than 64 bits hold. */
static inline uint64_t mul_div(uint64_t value, uint64_t num, uint64_t den)
{
    unsigned __int128 product = (unsigned __int128)value * num;
    uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;

    if (high >= den)
        return UINT64_MAX;
    __asm__("divq %2" : "+a"(low), "+d"(high) : "r"(den) : "cc");
    return low;
}

#endif
