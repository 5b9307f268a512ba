/* SPDX-License-Identifier: BSD-2-Clause */
/* Sorting trace lines out of the error stream: see trace_file.h. */
#include "host/instance/trace_file.h"

#include <string.h>
#include <unistd.h>

enum { MARK = 0x1e };

/* A full disk loses lines, never the program. */
static void save(const struct trace_file *t, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(t->fd, data, len);

        if (n <= 0) {
            return;
        }
        data += n;
        len -= (size_t)n;
    }
}

/* How much of data, at most len, belongs to the present state. */
static size_t run_length(const struct trace_file *t, const char *data,
                         size_t len)
{
    const char *at = memchr(data, t->in_line ? '\n' : MARK, len);

    if (at == NULL) {
        return len;
    }
    return (size_t)(at - data) + (t->in_line ? 1 : 0);
}

size_t trace_file_take(struct trace_file *t, char *data, size_t len)
{
    size_t kept = 0;

    for (size_t i = 0; t->fd >= 0 && i < len;) {
        size_t n = run_length(t, data + i, len - i);

        if (t->in_line) {
            save(t, data + i, n);
            t->in_line = data[i + n - 1] != '\n';
            i += n;
            continue;
        }
        memmove(data + kept, data + i, n);
        kept += n;
        i += n;
        if (i < len) { /* at a mark */
            t->in_line = true;
            i++;
        }
    }
    return t->fd >= 0 ? kept : len;
}
