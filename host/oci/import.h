/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Building the cache entry of a container image on disk. An image that came
 * in before, under whatever name, is known by its digest and not unpacked
 * again.
 */
#ifndef EINKORN_HOST_OCI_IMPORT_H
#define EINKORN_HOST_OCI_IMPORT_H

#include "host/common/image_ref.h"
#include "host/image/build.h"

int import_image(const struct image_ref *ref, const char *cache_dir,
                 struct build_report *report, FILE *verbose, struct err *err);

#endif
