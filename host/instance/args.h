/* SPDX-License-Identifier: BSD-2-Clause */
/* A command line being put together. */
#ifndef EINKORN_HOST_INSTANCE_ARGS_H
#define EINKORN_HOST_INSTANCE_ARGS_H

#include "host/instance/dirs.h"

enum { ARGS_MAX = 128 };

struct args {
    char *argv[ARGS_MAX]; /* ended by NULL */
    int nr;
};

void args_init(struct args *args);

/* Appends one argument, printf(3), which stays to the end. Sized for the
 * longest paths: aborts if there is no room. */
void args_add(struct args *args, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends several, up to NULL. */
void args_add_all(struct args *args, const char *first, ...);

#endif
