/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * printf for freestanding code: %d %i %u %x %X %o %c %s %p %%, with flags
 * "0-+ #", width, precision (also *), and hh h l ll z t j. No floating point.
 */
#ifndef EINKORN_LIB_FMT_H
#define EINKORN_LIB_FMT_H

#include <stdarg.h>
#include <stddef.h>

/* As C11's: returns what the whole text would need, without the NUL. */
int vsnprintf(char *buf, size_t size_bytes, const char *fmt, va_list ap);
int snprintf(char *buf, size_t size_bytes, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
