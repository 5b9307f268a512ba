/* SPDX-License-Identifier: BSD-2-Clause */
/* From what the user named to files that a tender can start. */
#ifndef EINKORN_HOST_INSTANCE_IMAGE_H
#define EINKORN_HOST_INSTANCE_IMAGE_H

#include "host/common/err.h"
#include "host/common/image_cache.h"
#include "host/instance/dirs.h"
#include "host/instance/spec.h"

struct image {
    int image_fd, sidecar_fd;
    struct image_entry entry;
    char *exe; /* the program's path in the image */
};

/* Finds the cache entry of spec->target, builds it if it is missing or stale,
 * opens its files and finds the program in it. What a container image's
 * configuration says goes into the spec. */
int image_prepare(struct image *image, const struct dirs *dirs,
                  struct spec *spec, struct err *err);

#endif
