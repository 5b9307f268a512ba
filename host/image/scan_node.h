/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One thing of the host's file system becomes one node of a tree. Shared by
 * scan.c and scan_root.c.
 */
#ifndef EINKORN_HOST_IMAGE_SCAN_NODE_H
#define EINKORN_HOST_IMAGE_SCAN_NODE_H

#include <sys/stat.h>

#include "host/image/tree.h"

/* Add `name` below dir with all that lstat said about host path `path`. */
struct tree_node *scan_node_add(struct tree *t, struct tree_node *dir,
                                const char *name, const char *path,
                                const struct stat *st);

/* Owner, mode and times. */
void scan_node_attributes(struct tree_inode *inode, const struct stat *st);

#endif
