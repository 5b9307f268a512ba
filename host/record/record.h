/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running an image's entrypoint script once, and keeping what it comes to as
 * a cache entry of its own: the program it executes at last, and the image
 * with the files that it changed.
 */
#ifndef EINKORN_HOST_RECORD_RECORD_H
#define EINKORN_HOST_RECORD_RECORD_H

#include <stdio.h>

#include "host/common/err.h"

/* `request` is a block of strings: `source` (for messages), `base` (digest of
 * an image in the cache), and what to run as sandbox.h has it. */
int record_entry(const char *request, const char *cache_dir, FILE *verbose,
                 struct err *err);

#endif
