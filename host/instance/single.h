/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that fork unless they are told not to: how each is told. The table
 * for users is in docs/oci.md.
 */
#ifndef EINKORN_HOST_INSTANCE_SINGLE_H
#define EINKORN_HOST_INSTANCE_SINGLE_H

#include "host/common/erofs_read.h"
#include "host/instance/spec.h"

/* Changes the command line of program `exe` if it is in the table and its
 * user has not decided; says so in one line. */
void single_process(struct spec *spec, const struct erofs_image *files,
                    const char *exe);

#endif
