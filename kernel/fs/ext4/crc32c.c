/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Eight bytes a step, by eight tables ("slicing by 8").
 */
#include "kernel/fs/ext4/crc32c.h"

#include "lib/string.h"

static uint32_t tables[8][256];

void crc32c_init(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;

        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
        tables[0][i] = crc;
    }
    for (int t = 1; t < 8; t++)
        for (uint32_t i = 0; i < 256; i++)
            tables[t][i] =
                tables[t - 1][i] >> 8 ^ tables[0][tables[t - 1][i] & 0xff];
}

static uint32_t step8(uint32_t crc, const uint8_t *p)
{
    uint32_t low, high;

    memcpy(&low, p, sizeof(low));
    memcpy(&high, p + 4, sizeof(high));
    low ^= crc;
    return tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^
           tables[5][low >> 16 & 0xff] ^ tables[4][low >> 24] ^
           tables[3][high & 0xff] ^ tables[2][high >> 8 & 0xff] ^
           tables[1][high >> 16 & 0xff] ^ tables[0][high >> 24];
}

uint32_t crc32c(uint32_t crc, const void *data, size_t len_bytes)
{
    const uint8_t *p = data;

    for (; len_bytes >= 8; len_bytes -= 8, p += 8)
        crc = step8(crc, p);
    for (; len_bytes; len_bytes--, p++)
        crc = crc >> 8 ^ tables[0][(crc ^ *p) & 0xff];
    return crc;
}
