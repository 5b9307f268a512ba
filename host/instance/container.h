/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a container image's configuration and the user's options come to,
 * after Docker's rules: program, arguments, environment, user, directory.
 */
#ifndef EINKORN_HOST_INSTANCE_CONTAINER_H
#define EINKORN_HOST_INSTANCE_CONTAINER_H

#include "host/instance/image.h"

/* Completes the spec from image->entry.plan and finds the program in the
 * image: image->exe. Known wrappers are left out; a script is replaced by what
 * it comes to (script.h). Strings are allocated and stay. */
int container_apply(struct spec *spec, struct image *image,
                    const struct dirs *dirs, struct err *err);

#endif
