/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time stamps: 32 signed bits of seconds, two more bits of them and the
 * nanoseconds in the "extra" word.
 */
#ifndef EINKORN_KERNEL_FS_EXT4_TIME_H
#define EINKORN_KERNEL_FS_EXT4_TIME_H

#include <stdint.h>

#define EXT4_TIME_MAX INT64_C(9000000000)

static inline int64_t ext4_time(uint32_t seconds, uint32_t extra)
{
    int64_t s = (int32_t)seconds + ((int64_t)(extra & 3) << 32);

    if (s > EXT4_TIME_MAX) /* the year 2255: nanoseconds end in 2262 */
        s = EXT4_TIME_MAX;
    return s * 1000000000 + (extra >> 2) % 1000000000;
}

static inline int64_t ext4_whole_seconds(int64_t ns)
{
    return ns / 1000000000 - (ns % 1000000000 < 0);
}

static inline uint32_t ext4_seconds(int64_t ns)
{
    return (uint32_t)ext4_whole_seconds(ns);
}

static inline uint32_t ext4_extra(int64_t ns)
{
    int64_t s = ext4_whole_seconds(ns);
    uint32_t epoch = (uint32_t)((s - (int32_t)s) >> 32) & 3;

    return epoch | (uint32_t)(ns - s * 1000000000) << 2;
}

#endif
