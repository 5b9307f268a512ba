/* SPDX-License-Identifier: BSD-2-Clause */
/* `run`: from a specification to the program's exit status. */
#ifndef EINKORN_HOST_INSTANCE_RUN_H
#define EINKORN_HOST_INSTANCE_RUN_H

#include "host/common/err.h"
#include "host/instance/dirs.h"
#include "host/instance/spec.h"

/* Runs the instance in the foreground and returns its exit status; or, with
 * spec->detach, prints its id once it runs and returns 0. -1: it could not be
 * started (err->text may be empty if a helper has said why). */
int run_instance(const struct dirs *dirs, struct spec *spec, struct err *err);

#endif
