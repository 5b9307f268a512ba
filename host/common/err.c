/* SPDX-License-Identifier: BSD-2-Clause */
/* Error records: see err.h for the convention. */
#include "host/common/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int err_set(struct err *e, int status, const char *format, ...)
{
    va_list args;

    if (e->status != 0) {
        return -1;
    }
    e->status = status;
    va_start(args, format);
    vsnprintf(e->text, sizeof(e->text), format, args);
    va_end(args);
    return -1;
}

void err_print(const char *tool, const struct err *e)
{
    char line[sizeof(e->text) + 64];
    int len = snprintf(line, sizeof(line), "%.40s: %s\n", tool, e->text);

    if (write(STDERR_FILENO, line, (size_t)len) < 0) {
        return; /* nobody is left to be told */
    }
}
