/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of container images on disk, as containers-transports(5) writes them:
 * oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:TAG].
 */
#ifndef EINKORN_HOST_COMMON_IMAGE_REF_H
#define EINKORN_HOST_COMMON_IMAGE_REF_H

#include <limits.h>

#include "host/common/err.h"

enum image_transport { IMAGE_OCI, IMAGE_OCI_ARCHIVE, IMAGE_DOCKER_ARCHIVE };

struct image_ref {
    enum image_transport transport;
    char path[PATH_MAX]; /* all links resolved */
    const char *tag;     /* "" if none; points into the parsed text */
};

/* 1: *out is filled; 0: text is no such name, but a plain path; -1: there is
 * nothing at its path. */
int image_ref_parse(const char *text, struct image_ref *out, struct err *err);

/* The name again, with the resolved path. -1 if it does not fit. */
int image_ref_print(const struct image_ref *ref, char out[PATH_MAX]);

#endif
