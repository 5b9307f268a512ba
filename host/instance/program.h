/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which program of a container image a command line starts in the end, and
 * with which arguments: past wrappers (host/common/wrappers.h), interpreters
 * and scripts (script.h).
 */
#ifndef EINKORN_HOST_INSTANCE_PROGRAM_H
#define EINKORN_HOST_INSTANCE_PROGRAM_H

#include "host/instance/image.h"

/* Finds image->exe; the spec's command, environment and user become that
 * program's. */
int program_find(struct spec *spec, struct image *image,
                 const struct dirs *dirs, struct err *err);

#endif
