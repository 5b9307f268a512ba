/* SPDX-License-Identifier: BSD-2-Clause */
/* For lwIP only: the part of <string.h> that the kernel has. */
#ifndef EINKORN_LWIP_LIBC_STRING_H
#define EINKORN_LWIP_LIBC_STRING_H

#include "lib/string.h"

#endif
