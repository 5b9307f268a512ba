/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file that an instance may write its core into: made before the start
 * under a hidden name, given to the cage as a block device of bounded size,
 * and at the end renamed, if there is a core in it, or removed.
 */
#ifndef EINKORN_HOST_INSTANCE_COREFILE_H
#define EINKORN_HOST_INSTANCE_COREFILE_H

#include <stdbool.h>

#include "host/common/err.h"
#include "host/instance/dirs.h"
#include "host/instance/spec.h"

struct corefile {
    int fd; /* -1: none is wanted */
    const char *hidden, *path;
};

/* As spec->core says: a directory, for core.PROGRAM.ID in it, or a file. 0 or
 * -1; then there is nothing to clean up. */
int corefile_open(struct corefile *c, const struct spec *spec, const char *exe,
                  const char *id, struct err *err);

/* The instance has ended (or never began). Once only; true if there is a core
 * now, at c->path. What the instance wrote is believed in nothing. */
bool corefile_close(struct corefile *c);

#endif
