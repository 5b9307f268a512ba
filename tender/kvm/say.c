/* SPDX-License-Identifier: BSD-2-Clause */
/* One-line messages on standard error, and the end that goes with them. */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "abi/handover.h"
#include "tender/kvm/monitor.h"

static void line(const char *fmt, va_list ap)
{
    char text[512] = "einkorn-kvm: ";
    size_t n = 13;
    int more = vsnprintf(text + n, sizeof(text) - n - 1, fmt, ap);

    if (more > 0)
        n += (size_t)more < sizeof(text) - n - 1 ? (size_t)more
                                                 : sizeof(text) - n - 2;
    text[n++] = '\n';
    (void)!write(2, text, n);
}

void say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    line(fmt, ap);
    va_end(ap);
}

void die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    line(fmt, ap);
    va_end(ap);
    _exit(HANDOVER_EXIT_FAILED);
}
