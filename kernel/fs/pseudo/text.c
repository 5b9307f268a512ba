/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text that grows while it is made.
 */
#include <stdarg.h>

#include "kernel/core/alloc.h"
#include "kernel/fs/pseudo/pseudo.h"
#include "lib/fmt.h"
#include "lib/string.h"

enum { FIRST_BYTES = 512 };

static bool reserve(struct text *t, size_t more)
{
    size_t cap = t->cap_bytes ? t->cap_bytes : FIRST_BYTES;
    char *buf;

    while (cap < t->len_bytes + more)
        cap *= 2;
    if (cap == t->cap_bytes)
        return true;
    buf = krealloc(t->buf, cap);
    if (!buf)
        return false;
    t->buf = buf;
    t->cap_bytes = cap;
    return true;
}

void text_append(struct text *t, const void *bytes, size_t len_bytes)
{
    if (!reserve(t, len_bytes + 1))
        return;
    memcpy(t->buf + t->len_bytes, bytes, len_bytes);
    t->len_bytes += len_bytes;
    t->buf[t->len_bytes] = 0;
}

void text_printf(struct text *t, const char *fmt, ...)
{
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (!reserve(t, (size_t)len + 1))
        return;
    va_start(ap, fmt);
    vsnprintf(t->buf + t->len_bytes, (size_t)len + 1, fmt, ap);
    va_end(ap);
    t->len_bytes += (size_t)len;
}
