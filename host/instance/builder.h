/* SPDX-License-Identifier: BSD-2-Clause */
/* Running einkorn-image, which has the libraries that the tool has not. */
#ifndef EINKORN_HOST_INSTANCE_BUILDER_H
#define EINKORN_HOST_INSTANCE_BUILDER_H

#include "host/common/err.h"
#include "host/instance/dirs.h"

/* `words` are its arguments behind its name, ended by NULL; stdin_fd may be
 * -1. It prints its own errors: then err has its status and no text. */
int builder_run(const struct dirs *dirs, const char *const *words, int stdin_fd,
                struct err *err);

/* The cache directory, made if it is missing. */
int builder_cache(const struct dirs *dirs, char out[DIR_MAX + 16],
                  struct err *err);

#endif
