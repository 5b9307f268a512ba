/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a recorded script changed in its file system: found by walking it in
 * the sandbox, sent through a stream, applied to the tree outside.
 */
#ifndef EINKORN_HOST_RECORD_CHANGES_H
#define EINKORN_HOST_RECORD_CHANGES_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "host/common/err.h"
#include "host/image/tree.h"
#include "host/oci/spool.h"

/* Compare directory dir_fd, in which `t` was materialised before `since`, with
 * the tree; content goes to the spool. Nothing may run in there any more. */
int changes_send(const struct tree *t, const uint8_t *data, int dir_fd,
                 struct timespec since, struct spool *spool, FILE *out,
                 struct err *err);

/* Read them up to their end and make them in the tree. Returns how many files
 * are concerned, -1 if the stream ends early. */
long changes_apply(FILE *in, struct tree *t, const struct spool *spool);

#endif
