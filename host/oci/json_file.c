/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON files of an image: see json_file.h. */
#include "host/oci/json_file.h"

#include <stdlib.h>
#include <string.h>

#include "host/common/xalloc.h"
#include "host/oci/digest.h"

/* What registries accept as a manifest, and twice that for configurations. */
enum { MAX_BYTES = 8 << 20 };

static char *read_whole(struct oci_store *s, const char *name,
                        uint64_t want_len, size_t *len, struct err *err)
{
    struct blob blob;
    char *text = NULL;
    int ret = store_open_file(s, name, &blob, err);

    if (ret > 0)
        err_set(err, ERR_TOOL, "%s: %s is missing", s->where, name);
    if (ret != 0)
        return NULL;
    if (blob.len_bytes > MAX_BYTES) {
        err_set(err, ERR_TOOL, "%s: %s: %llu bytes are too many for JSON",
                s->where, name, (unsigned long long)blob.len_bytes);
    } else if (want_len != UINT64_MAX && want_len != blob.len_bytes) {
        err_set(err, ERR_TOOL, "%s: %s has %llu bytes, not %llu as stated",
                s->where, name, (unsigned long long)blob.len_bytes,
                (unsigned long long)want_len);
    } else {
        *len = blob.len_bytes;
        text = xmalloc(*len);
        if (blob_read(&blob, 0, text, *len) != (ssize_t)*len) {
            err_set(err, ERR_TOOL, "%s: read %s: %m", s->where, name);
            free(text);
            text = NULL;
        }
    }
    blob_close(&blob);
    return text;
}

json_t *json_file_read(struct oci_store *s, const char *name,
                       const char *digest, uint64_t len_bytes, struct err *err)
{
    char real[DIGEST_TEXT_MAX];
    json_error_t why;
    json_t *json = NULL;
    size_t len;
    char *text = read_whole(s, name, len_bytes, &len, err);

    if (!text)
        return NULL;
    digest_bytes(text, len, real);
    if (digest && strcmp(real, digest) != 0) {
        err_set(err, ERR_TOOL, "%s: %s is damaged: its digest is %s", s->where,
                digest, real);
    } else {
        json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
        if (!json)
            err_set(err, ERR_TOOL, "%s: %s: line %d: %s", s->where, name,
                    why.line, why.text);
    }
    free(text);
    return json;
}

const char *json_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}
