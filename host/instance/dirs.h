/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where things lie on the host: image cache, running instances, helper
 * programs. The environment (EINKORN_ROOT, EINKORN_RUN) overrides.
 */
#ifndef EINKORN_HOST_INSTANCE_DIRS_H
#define EINKORN_HOST_INSTANCE_DIRS_H

#include "host/common/err.h"

enum { DIR_MAX = 2048 };

struct dirs {
    char data[DIR_MAX];    /* persistent: images */
    char run[DIR_MAX];     /* gone after a reboot: instances, network */
    char libexec[DIR_MAX]; /* kernel.elf, einkorn-proc, ... */
};

/* Decides all three; creates nothing. */
int dirs_find(struct dirs *dirs, struct err *err);

/* mkdir -p with mode 0700 for what is missing. */
int dirs_make(const char *path, struct err *err);

#endif
