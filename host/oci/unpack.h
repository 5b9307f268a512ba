/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One layer's bytes: read from the store, hashed, decompressed (gzip, zstd or
 * not at all), hashed again and cut into tar entries.
 */
#ifndef EINKORN_HOST_OCI_UNPACK_H
#define EINKORN_HOST_OCI_UNPACK_H

#include <archive.h>
#include <stdint.h>

#include "host/common/err.h"
#include "host/oci/manifest.h"
#include "host/oci/store.h"

struct unpack {
    const char *where; /* "oci:/x: layer 3" */
    const struct layer_ref *ref;
    struct blob blob;
    struct archive *raw; /* decompresses */
    struct archive *tar; /* to read entries from */
    EVP_MD_CTX *packed, *unpacked;
    uint64_t done, unpacked_bytes;
    char *buf[2];
};

int unpack_open(struct unpack *u, struct oci_store *s,
                const struct layer_ref *ref, const char *where,
                struct err *err);

/* Read what is left and compare digests and length with what was stated. */
int unpack_verify(struct unpack *u, struct err *err);

void unpack_close(struct unpack *u);

/* What libarchive has to say about u->tar. */
int unpack_error(struct unpack *u, struct err *err);

#endif
