/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text that grows as it is written.
 */
#include <linux/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/fs/pseudo/pseudo.h"
#include "lib/fmt.h"
#include "lib/string.h"

enum { SEQ_MIN_BYTES = 512 };

static bool reserve(struct seq *s, size_t len)
{
    size_t max = s->max_bytes ? s->max_bytes : SEQ_MIN_BYTES;
    char *buf;

    if (s->failed)
        return false;
    if (s->len_bytes + len < s->max_bytes)
        return true;
    while (max <= s->len_bytes + len)
        max *= 2;
    buf = krealloc(s->buf, max);
    if (!buf) {
        s->failed = true;
        return false;
    }
    s->buf = buf;
    s->max_bytes = max;
    return true;
}

void seq_write(struct seq *s, const void *data, size_t len_bytes)
{
    if (!reserve(s, len_bytes))
        return;
    memcpy(s->buf + s->len_bytes, data, len_bytes);
    s->len_bytes += len_bytes;
}

void seq_puts(struct seq *s, const char *text)
{
    seq_write(s, text, strlen(text));
}

void seq_printf(struct seq *s, const char *fmt, ...)
{
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (len < 0 || !reserve(s, (size_t)len + 1))
        return;
    va_start(ap, fmt);
    vsnprintf(s->buf + s->len_bytes, (size_t)len + 1, fmt, ap);
    va_end(ap);
    s->len_bytes += (size_t)len;
}

void seq_escape(struct seq *s, const char *text)
{
    for (; *text; text++) {
        if (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\\')
            seq_printf(s, "\\%03o", (unsigned)(uint8_t)*text);
        else
            seq_write(s, text, 1);
    }
}

int pseudo_number(const char *text, int64_t *value)
{
    const char *end;
    bool negative;

    while (*text == ' ' || *text == '\t')
        text++;
    negative = *text == '-';
    text += negative;
    *value = (int64_t)str_to_u64(text, &end);
    if (end == text)
        return -EINVAL;
    while (*end == '\n' || *end == ' ')
        end++;
    if (*end)
        return -EINVAL;
    *value = negative ? -*value : *value;
    return 0;
}
