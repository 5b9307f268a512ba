/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a finished tree to a published cache entry: image, sidecar and inputs
 * file. Knows nothing of where the tree came from.
 */
#ifndef EINKORN_HOST_IMAGE_OUTPUT_H
#define EINKORN_HOST_IMAGE_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "host/common/err.h"
#include "host/common/image_cache.h"
#include "host/image/inputs.h"
#include "host/image/publish.h"
#include "host/image/tree.h"
#include "host/patch/patch.h"

struct output {
    const char *cache_dir;
    FILE *verbose; /* NULL, or one line for each file with `syscall` sites */
    struct publish_temp image, sidecar, list;
    uint8_t sha256[32];
    char digest[65]; /* of the image, hex; "" until it is written */
    char inputs[32]; /* name of the inputs file */
    uint64_t image_bytes, sidecar_bytes;
    struct patch_stats patch;
    uint64_t write_ns, patch_ns, publish_ns;
};

/* What the inputs file says. */
struct output_entry {
    enum image_kind kind;
    const char *source;
    const char *exe; /* "-": none */
    bool wants_jit;
    const char *plan; /* block of strings.h, or NULL */
    const struct inputs *inputs;
};

void output_init(struct output *o, const char *cache_dir, FILE *verbose);

/* Image and sidecar as temporary files; sets image_off in the tree. */
int output_write(struct output *o, struct tree *t, struct err *err);

/* Publish them under the entry's name and remove what it had before. Without
 * output_write the entry gets the image whose digest is in o->digest, which
 * is in the cache already. */
int output_publish(struct output *o, const struct output_entry *entry,
                   struct err *err);

/* Remove what was not published. */
void output_discard(struct output *o);

#endif
