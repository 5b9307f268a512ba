/* SPDX-License-Identifier: BSD-2-Clause */
/* Command lines: see args.h. */
#include "host/instance/args.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void args_init(struct args *args)
{
    args->nr = 0;
    args->used = 0;
}

void args_add(struct args *args, const char *format, ...)
{
    size_t room = sizeof(args->text) - args->used;
    va_list list;
    int len;

    va_start(list, format);
    len = vsnprintf(args->text + args->used, room, format, list);
    va_end(list);
    if (len < 0 || (size_t)len >= room || args->nr == ARGS_MAX - 1) {
        abort();
    }
    args->argv[args->nr++] = args->text + args->used;
    args->argv[args->nr] = NULL;
    args->used += (size_t)len + 1;
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
