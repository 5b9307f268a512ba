/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an image's configuration asks for (image-spec, config.md), as the
 * strings that the cache keeps and `run` reads: see docs/image-cache.md.
 */
#ifndef EINKORN_HOST_OCI_SETTINGS_H
#define EINKORN_HOST_OCI_SETTINGS_H

#include "host/common/err.h"
#include "host/common/strings.h"
#include "host/image/tree.h"
#include "host/oci/manifest.h"

/* Add them to a block; -1 if something in them makes no sense. */
int settings_add(struct strings *out, const struct oci_image *image,
                 const char *where, struct err *err);

/* Working directory and volumes that the image lacks are made, as Docker
 * does. */
void settings_make_directories(struct tree *t, const char *block);

#endif
