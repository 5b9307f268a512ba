/* SPDX-License-Identifier: BSD-2-Clause */
/* The directory that an entry of a layer goes into. */
#ifndef EINKORN_HOST_OCI_LAYER_PATH_H
#define EINKORN_HOST_OCI_LAYER_PATH_H

#include "host/image/tree.h"

/* Walk the path's directories inside the tree, following its symbolic links
 * as if its root were "/"; missing ones are made and belong to that layer.
 * Gives the directory and the last name, "" for the root itself. NULL with
 * *why set if there is no such place; a path with ".." is refused. */
struct tree_node *layer_path_walk(struct tree *t, const char *path,
                                  uint32_t layer, char leaf[256],
                                  const char **why);

#endif
