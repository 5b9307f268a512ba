/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON files of an image: read whole, of limited size, checked. */
#ifndef EINKORN_HOST_OCI_JSON_FILE_H
#define EINKORN_HOST_OCI_JSON_FILE_H

#include <jansson.h>

#include "host/oci/store.h"

/* An object or array of the store. If `digest` is not NULL the file must have
 * exactly that digest and, unless it is UINT64_MAX, that length. NULL on
 * error. */
json_t *json_file_read(struct oci_store *s, const char *name,
                       const char *digest, uint64_t len_bytes, struct err *err);

/* The string member of an object, or "". */
const char *json_text(const json_t *object, const char *key);

#endif
