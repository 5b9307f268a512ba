/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One's complement sums do not care for byte order or word length: 32 bits at
 * a time, folded at the end.
 */
#include "kernel/net/checksum.h"

#include "lib/string.h"

static uint16_t fold(uint64_t sum)
{
    sum = (sum & UINT32_MAX) + (sum >> 32);
    while (sum >> 16)
        sum = (sum & UINT16_MAX) + (sum >> 16);
    return (uint16_t)sum;
}

uint64_t checksum_add(uint64_t sum, const void *data, size_t len_bytes)
{
    const uint8_t *p = data;
    uint32_t word;

    for (; len_bytes >= sizeof(word); p += sizeof(word)) {
        memcpy(&word, p, sizeof(word));
        sum += word;
        len_bytes -= sizeof(word);
    }
    word = 0;
    memcpy(&word, p, len_bytes);
    return sum + word;
}

uint64_t checksum_add_odd(uint64_t sum, const void *data, size_t len_bytes)
{
    return sum + __builtin_bswap16(fold(checksum_add(0, data, len_bytes)));
}

uint16_t checksum_fold(uint64_t sum)
{
    return (uint16_t)~fold(sum);
}
