/* SPDX-License-Identifier: BSD-2-Clause */
/* Command lines: see args.h. */
#include "host/instance/args.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/common/room.h"

enum { ARG_BYTES_MAX = 20 * DIR_MAX };

void args_init(struct args *args)
{
    args->nr = 0;
}

void args_add(struct args *args, const char *format, ...)
{
    char *text = room(ARG_BYTES_MAX);
    va_list list;
    int len;

    va_start(list, format);
    len = vsnprintf(text, ARG_BYTES_MAX, format, list);
    va_end(list);
    if (len < 0 || len >= ARG_BYTES_MAX || args->nr == ARGS_MAX - 1) {
        abort();
    }
    args->argv[args->nr++] = room_keep(text, (size_t)len + 1);
    args->argv[args->nr] = NULL;
}

void args_add_all(struct args *args, const char *first, ...)
{
    va_list list;

    va_start(list, first);
    for (const char *a = first; a != NULL; a = va_arg(list, const char *)) {
        args_add(args, "%s", a);
    }
    va_end(list);
}
