/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a name to one image's parts: index, manifest, configuration, layers
 * (image-spec: image-layout.md, image-index.md, manifest.md, config.md). Every
 * blob is checked against the size and digest that its descriptor states
 * before it is parsed.
 */
#ifndef EINKORN_HOST_OCI_MANIFEST_H
#define EINKORN_HOST_OCI_MANIFEST_H

#include <jansson.h>

#include "host/oci/digest.h"
#include "host/oci/store.h"

struct descriptor {
    char digest[DIGEST_TEXT_MAX];
    uint64_t len_bytes;
    const char *media; /* "" if not stated; belongs to the JSON value */
};

struct layer_ref {
    char *name;                    /* of its file in the store */
    char digest[DIGEST_TEXT_MAX];  /* of that file; "" in docker-archive */
    char diff_id[DIGEST_TEXT_MAX]; /* of what it unpacks to */
    uint64_t len_bytes;            /* UINT64_MAX: not stated */
};

struct oci_image {
    char id[DIGEST_TEXT_MAX]; /* manifest's; docker-archive: configuration's */
    json_t *config;           /* the whole configuration file */
    struct layer_ref *layers; /* lowest first */
    size_t nr_layers;
};

/* Read what an OCI layout has under that tag ("": its only image), for
 * linux/amd64. Free with image_free in any case. */
int manifest_read(struct oci_store *s, const char *tag, struct oci_image *out,
                  struct err *err);

/* The same for docker-archive (moby's image/spec, manifest.json). */
int docker_manifest_read(struct oci_store *s, const char *tag,
                         struct oci_image *out, struct err *err);

void image_free(struct oci_image *image);

/* For docker_manifest_read: check platform and layers of image->config. */
int config_check(const struct oci_store *s, struct oci_image *image,
                 struct err *err);

#endif
