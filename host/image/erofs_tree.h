/* SPDX-License-Identifier: BSD-2-Clause */
/* An image of our own as a tree again, to make another one from it. */
#ifndef EINKORN_HOST_IMAGE_EROFS_TREE_H
#define EINKORN_HOST_IMAGE_EROFS_TREE_H

#include "host/common/erofs_read.h"
#include "host/image/tree.h"

/* File data is where it is in the image: source is `path`, source_off an
 * offset in it. NULL if the image is damaged. */
struct tree *erofs_tree(const struct erofs_image *e, const char *path,
                        struct err *err);

#endif
