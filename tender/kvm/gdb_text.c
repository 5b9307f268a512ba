/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers, numbers and bytes of gdb's packets: see gdb_session.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tender/kvm/gdb_session.h"

void gdb_answer(struct gdb_session *s, const char *format, ...)
{
    uint32_t room = (uint32_t)sizeof(s->out) - s->out_len;
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(s->out + s->out_len, room, format, ap);
    va_end(ap);
    s->out_len += (uint32_t)n < room ? (uint32_t)n : room - 1;
}

void gdb_answer_bytes(struct gdb_session *s, const uint8_t *bytes, uint64_t len)
{
    for (uint64_t i = 0; i < len; i++)
        gdb_answer(s, "%02x", bytes[i]);
}

void gdb_answer_error(struct gdb_session *s)
{
    gdb_answer(s, "E01");
}

bool gdb_starts(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

bool gdb_number(const char **at, char then, uint64_t *value)
{
    char *end;

    if (gdb_digit(**at) < 0)
        return false;
    *value = strtoull(*at, &end, 16);
    if (then && *end != then)
        return false;
    *at = then ? end + 1 : end;
    return true;
}

bool gdb_unhex(const char *text, uint8_t *bytes, uint64_t len)
{
    for (uint64_t i = 0; i < len; i++) {
        int high = gdb_digit(text[2 * i]);
        int low = high < 0 ? -1 : gdb_digit(text[2 * i + 1]);

        if (low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
