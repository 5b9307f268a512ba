/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing a file tree as an EROFS image: uncompressed, 4 KiB blocks, the data
 * of every file contiguous and starting on a block, tails too, so that a
 * kernel can map pages straight from the image. Names, and then files that can
 * be executed, lie at the front: up to the tree's programs_end. The same tree
 * gives the same bytes.
 */
#ifndef EINKORN_HOST_IMAGE_EROFS_H
#define EINKORN_HOST_IMAGE_EROFS_H

#include <stdint.h>

#include "host/common/err.h"
#include "host/image/tree.h"

/* Write the image of the tree to fd, an empty file; sorts the tree and sets
 * image_off of every inode. Gives the image's length. Fails if a source file
 * cannot be read or is no longer as long as the tree says. */
int erofs_write(struct tree *t, int fd, uint64_t *len_bytes, struct err *err);

#endif
