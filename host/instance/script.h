/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entrypoint scripts: a library operating system with one address space
 * cannot run what forks, so einkorn-image runs it once and the tool starts
 * what it came to.
 */
#ifndef EINKORN_HOST_INSTANCE_SCRIPT_H
#define EINKORN_HOST_INSTANCE_SCRIPT_H

#include "host/instance/image.h"

/* Replace image->entry and the spec's command, environment, directory and
 * user by what program `exe` with them comes to; image->exe is the new
 * program. Found in the cache, or recorded now. */
int script_replace(struct spec *spec, struct image *image,
                   const struct dirs *dirs, const char *exe, struct err *err);

#endif
