/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwIP's view of the compiler and of the kernel: what it may call. Hosted
 * tests see the same file; they bring their own log.h functions.
 */
#ifndef EINKORN_LWIP_ARCH_CC_H
#define EINKORN_LWIP_ARCH_CC_H

#include "kernel/core/log.h"
#include "kernel/core/random.h"

#undef assert /* lwIP has fields of that name nowhere, but tests use it */

#define BYTE_ORDER LITTLE_ENDIAN

#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_LIMITS_H 1
#define LWIP_NO_UNISTD_H 1
#define LWIP_NO_CTYPE_H 1
#if __STDC_HOSTED__
#include <limits.h>
#include <sys/types.h>
#else
#define INT_MAX 0x7fffffff
#endif

#define LWIP_DONT_PROVIDE_BYTEORDER_FUNCTIONS 1
#define lwip_htons(x) __builtin_bswap16(x)
#define lwip_htonl(x) __builtin_bswap32(x)

#define X8_F "02x"
#define U16_F "u"
#define S16_F "d"
#define X16_F "x"
#define U32_F "u"
#define S32_F "d"
#define X32_F "x"
#define SZT_F "zu"

#define LWIP_PLATFORM_DIAG(x)                                                  \
    do {                                                                       \
    } while (0)
#define LWIP_PLATFORM_ASSERT(text) panic("lwip: %s", (text))
#define LWIP_RAND() ((u32_t)random_u64())

#endif
