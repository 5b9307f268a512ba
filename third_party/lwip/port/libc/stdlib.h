/* SPDX-License-Identifier: BSD-2-Clause */
/* For lwIP only: atoi, which its netif_find() calls. */
#ifndef EINKORN_LWIP_LIBC_STDLIB_H
#define EINKORN_LWIP_LIBC_STDLIB_H

#include "lib/string.h"

static inline int atoi(const char *s)
{
    return (int)str_to_u64(s, 0);
}

#endif
