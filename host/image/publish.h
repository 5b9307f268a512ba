/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Putting an entry into the image cache so that it is there whole or not at
 * all, whatever crashes or runs at the same time. See docs/image-cache.md.
 */
#ifndef EINKORN_HOST_IMAGE_PUBLISH_H
#define EINKORN_HOST_IMAGE_PUBLISH_H

#include <limits.h>

#include "host/common/err.h"

struct publish_temp {
    int fd; /* -1: not open */
    char path[PATH_MAX];
};

/* Make the cache directory if needed and remove temporary files that a
 * crashed builder left an hour ago or more. */
int publish_prepare(const char *dir, struct err *err);

/* An empty file in the cache directory, open for reading and writing. */
int publish_temp(struct publish_temp *t, const char *dir, struct err *err);

/* Synchronise it and give it its name, replacing what had it. */
int publish_rename(struct publish_temp *t, const char *dir, const char *name,
                   struct err *err);

/* Close, and remove it if it still has its temporary name. */
void publish_discard(struct publish_temp *t);

/* Make the renames last. */
int publish_sync_dir(const char *dir, struct err *err);

/* Remove image and sidecar of `old_digest` if no inputs file in the directory
 * names it any more. */
void publish_collect(const char *dir, const char *old_digest);

#endif
