/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Allocation that ends the process when there is no memory; see xalloc.h.
 */
#include "host/common/xalloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/common/err.h"

static void *check(void *p)
{
    if (!p) {
        fputs("einkorn: out of memory\n", stderr);
        exit(ERR_TOOL);
    }
    return p;
}

void *xmalloc(size_t len_bytes)
{
    return check(malloc(len_bytes ? len_bytes : 1));
}

void *xcalloc(size_t count, size_t size_bytes)
{
    return check(calloc(count ? count : 1, size_bytes));
}

void *xreallocarray(void *p, size_t count, size_t size_bytes)
{
    size_t len;

    if (__builtin_mul_overflow(count, size_bytes, &len))
        return check(NULL);
    return check(realloc(p, len ? len : 1));
}

char *xstrdup(const char *s)
{
    return check(strdup(s));
}

char *xstrndup(const char *s, size_t len_bytes)
{
    return check(strndup(s, len_bytes));
}

char *xasprintf(const char *fmt, ...)
{
    char *s = NULL;
    va_list ap;

    va_start(ap, fmt);
    if (vasprintf(&s, fmt, ap) < 0)
        s = NULL;
    va_end(ap);
    return check(s);
}

void *xgrow(void *array, size_t count, size_t *capacity, size_t size_bytes)
{
    if (count < *capacity)
        return array;
    *capacity = *capacity ? *capacity * 2 : 16;
    return xreallocarray(array, *capacity, size_bytes);
}
