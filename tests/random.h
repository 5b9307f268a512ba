/* SPDX-License-Identifier: BSD-2-Clause */
/* The same random numbers in every run, for tests (xorshift64). */
#ifndef EINKORN_TESTS_RANDOM_H
#define EINKORN_TESTS_RANDOM_H

#include <stdint.h>

static inline uint32_t next_random(void)
{
    static uint64_t state = 88172645463325252u;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

#endif
