/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copying the content of one file into an image.
 */
#ifndef EINKORN_HOST_IMAGE_COPY_H
#define EINKORN_HOST_IMAGE_COPY_H

#include "host/common/err.h"
#include "host/image/tree.h"

/* Copy the inode's len_bytes from its source to image_off of the image `to`.
 * Fails if the file is shorter by now. */
int copy_content(const struct tree_inode *inode, int to, struct err *err);

#endif
