/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Applying layers to a tree (image-spec, layer.md): additions, changes,
 * whiteouts. Nothing is ever looked up on the host: names and links mean
 * nothing outside of the tree.
 */
#ifndef EINKORN_HOST_OCI_LAYER_H
#define EINKORN_HOST_OCI_LAYER_H

#include "host/image/tree.h"
#include "host/oci/manifest.h"
#include "host/oci/spool.h"

struct layer_notes {
    size_t nr_xattrs; /* files whose extended attributes were left out */
};

/* Apply layer `number` (from 1). File data goes to the spool, which must live
 * as long as the tree. On error the tree is of no use. */
int layer_apply(struct tree *t, struct oci_store *s,
                const struct layer_ref *ref, uint32_t number,
                struct spool *spool, struct layer_notes *notes,
                struct err *err);

#endif
