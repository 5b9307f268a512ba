/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where things lie on the host: image cache, running instances, helper
 * programs. The environment (EINKORN_ROOT, EINKORN_RUN) overrides.
 */
#ifndef EINKORN_HOST_INSTANCE_DIRS_H
#define EINKORN_HOST_INSTANCE_DIRS_H

#include <stdbool.h>

#include "host/common/err.h"

enum { DIR_MAX = 2048 };

struct dirs {
    const char *data;    /* persistent: images */
    const char *run;     /* gone after a reboot: instances, network */
    const char *libexec; /* kernel.elf, einkorn-proc, ... */
};

/* Decides all three; creates nothing. */
int dirs_find(struct dirs *dirs, struct err *err);

/* mkdir -p with mode 0700 for what is missing. */
int dirs_make(const char *path, struct err *err);

/* The same for a folder inside the run directory. A new run directory of
 * root's that is not in memory (there is no init that made /run so) becomes a
 * tmpfs of its own: each start writes there, and its files must not outlive
 * the boot. Where mounting is refused it stays on its disk. */
int dirs_make_run(const char *run, const char *inside, struct err *err);

/* Is this file on a tmpfs, hence of this boot? */
bool dirs_in_memory(int fd);

#endif
