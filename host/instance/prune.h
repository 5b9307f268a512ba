/* SPDX-License-Identifier: BSD-2-Clause */
/* What is in the image cache, and taking out what is of no use any more. */
#ifndef EINKORN_HOST_INSTANCE_PRUNE_H
#define EINKORN_HOST_INSTANCE_PRUNE_H

#include <stdbool.h>
#include <stdint.h>

#include "host/common/err.h"
#include "host/common/image_cache.h"

struct cached {
    char inputs[32]; /* name of the inputs file */
    char kind[16], source[PATH_MAX];
    char digest[65]; /* of the image */
    int64_t made_s;  /* since 1970 */
    uint64_t len_bytes;
    bool is_fresh; /* `run` would use it */
};

/* Calls visit for all entries until it returns non-zero. A cache that is not
 * there has none. */
int cached_each(const char *cache_dir,
                int (*visit)(const struct cached *c, void *arg), void *arg,
                struct err *err);

/* Removes entries that `run` would not use (all: every one), digests and
 * recordings that then belong to none, and files that no entry names. What
 * runs keeps its files open. Tells each source; *freed_bytes is what the files
 * took. */
int cache_prune(const char *cache_dir, bool all,
                void (*tell)(const char *source), uint64_t *freed_bytes,
                struct err *err);

#endif
