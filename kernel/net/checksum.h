/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The internet checksum (RFC 1071), in pieces.
 */
#ifndef EINKORN_KERNEL_NET_CHECKSUM_H
#define EINKORN_KERNEL_NET_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#include "lib/string.h"

/* sum and len_bytes more, which begin at an even offset of the whole. The sum
 * is of 16-bit words in memory order, folded by checksum_fold(). */
uint64_t checksum_add(uint64_t sum, const void *data, size_t len_bytes);
/* A piece that began at an odd offset, added to the others. */
uint64_t checksum_add_odd(uint64_t sum, const void *data, size_t len_bytes);
/* What goes into the header as it is; of a whole packet with a right
 * checksum, 0. */
uint16_t checksum_fold(uint64_t sum);

/* An IPv4 header without options, 20 bytes: the same as checksum_fold() of
 * checksum_add() of it. */
static inline uint16_t checksum_ipv4(const void *header)
{
    uint32_t word[5];
    uint64_t sum;

    memcpy(word, header, sizeof(word));
    sum = (uint64_t)word[0] + word[1] + word[2] + word[3] + word[4];
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & UINT16_MAX) + (sum >> 16);
    sum = (sum & UINT16_MAX) + (sum >> 16);
    return (uint16_t) ~(sum + (sum >> 16));
}

#endif
