/* SPDX-License-Identifier: BSD-2-Clause */
/* The gate's last words, when the kernel broke the contract. */
#include "kernel/platform/proc/gate.h"

enum { STATUS_PANIC = 134, HEX_DIGITS = 16 };

static char *put_text(char *to, const char *text)
{
    while (*text)
        *to++ = *text++;
    return to;
}

static char *put_hex(char *to, uint64_t value)
{
    int i;

    for (i = HEX_DIGITS - 1; i >= 0; i--)
        *to++ = "0123456789abcdef"[value >> (4 * i) & 15];
    return to;
}

void gate_panic(const char *what, uint64_t rip, uint64_t addr)
{
    char line[160], *p = line; /* `what` has at most 80 characters */

    p = put_text(p, "einkorn-proc: ");
    p = put_text(p, what);
    p = put_text(p, " at rip ");
    p = put_hex(p, rip);
    p = put_text(p, " address ");
    p = put_hex(p, addr);
    p = put_text(p, "\n");
    hostcall3(__NR_write, 2, (uint64_t)line, (uint64_t)(p - line));
    for (;;)
        hostcall1(__NR_exit_group, STATUS_PANIC);
}
