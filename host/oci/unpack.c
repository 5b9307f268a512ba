/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading, hashing and decompressing a layer: see unpack.h. */
#include "host/oci/unpack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/common/xalloc.h"

enum { CHUNK = 1 << 18 };

/* A stream of zeros compresses a thousandfold; this ends it. */
static const uint64_t max_unpacked = UINT64_C(2) * SPOOL_MAX_BYTES;

static la_ssize_t read_packed(struct archive *a, void *arg, const void **out)
{
    struct unpack *u = arg;
    ssize_t n = blob_read(&u->blob, u->done, u->buf[0], CHUNK);

    if (n < 0) {
        archive_set_error(a, EIO, "cannot read the blob");
        return ARCHIVE_FATAL;
    }
    digest_add(u->packed, u->buf[0], (size_t)n);
    u->done += (uint64_t)n;
    *out = u->buf[0];
    return n;
}

static la_ssize_t read_unpacked(struct archive *a, void *arg, const void **out)
{
    struct unpack *u = arg;
    la_ssize_t n = archive_read_data(u->raw, u->buf[1], CHUNK);

    if (n < 0) {
        archive_set_error(a, EIO, "%s", archive_error_string(u->raw));
        return ARCHIVE_FATAL;
    }
    u->unpacked_bytes += (uint64_t)n;
    if (u->unpacked_bytes > max_unpacked) {
        archive_set_error(a, EIO, "unpacks to far too much");
        return ARCHIVE_FATAL;
    }
    digest_add(u->unpacked, u->buf[1], (size_t)n);
    *out = u->buf[1];
    return n;
}

static int open_raw(struct unpack *u)
{
    struct archive_entry *entry;
    int ret;

    archive_read_support_filter_gzip(u->raw);
    archive_read_support_filter_zstd(u->raw);
    archive_read_support_format_raw(u->raw);
    archive_read_support_format_empty(u->raw);
    if (archive_read_open(u->raw, u, NULL, read_packed, NULL) != ARCHIVE_OK)
        return -1;
    ret = archive_read_next_header(u->raw, &entry);
    return ret == ARCHIVE_OK || ret == ARCHIVE_EOF ? 0 : -1;
}

static int open_both(struct unpack *u, struct err *err)
{
    if (open_raw(u) < 0)
        return err_set(err, ERR_TOOL, "%s: cannot be decompressed: %s",
                       u->where, archive_error_string(u->raw));
    archive_read_support_format_tar(u->tar);
    archive_read_support_format_empty(u->tar);
    if (archive_read_open(u->tar, u, NULL, read_unpacked, NULL) != ARCHIVE_OK)
        return unpack_error(u, err);
    return 0;
}

int unpack_open(struct unpack *u, struct oci_store *s,
                const struct layer_ref *ref, const char *where, struct err *err)
{
    int ret;

    *u = (struct unpack){.where = where, .ref = ref, .blob.fd = -1};
    ret = store_open_file(s, ref->name, &u->blob, err);
    if (ret > 0)
        err_set(err, ERR_TOOL, "%s: %s is missing", where, ref->name);
    if (ret != 0)
        return -1;
    if (ref->len_bytes != UINT64_MAX && ref->len_bytes != u->blob.len_bytes) {
        blob_close(&u->blob);
        return err_set(err, ERR_TOOL, "%s: %s has %llu bytes, not %llu", where,
                       ref->digest, (unsigned long long)u->blob.len_bytes,
                       (unsigned long long)ref->len_bytes);
    }
    u->buf[0] = xmalloc(CHUNK);
    u->buf[1] = xmalloc(CHUNK);
    u->packed = digest_start();
    u->unpacked = digest_start();
    u->raw = archive_read_new();
    u->tar = archive_read_new();
    if (open_both(u, err) == 0)
        return 0;
    unpack_close(u);
    return -1;
}

int unpack_error(struct unpack *u, struct err *err)
{
    const char *why = archive_error_string(u->tar);

    return err_set(err, ERR_TOOL, "%s: damaged: %s", u->where,
                   why ? why : "not a tar archive");
}

/* Padding behind the end of tar or compressed data is part of the digests. */
static int drain(struct unpack *u, struct err *err)
{
    const void *ignored;
    la_ssize_t n;

    do
        n = read_unpacked(u->tar, u, &ignored);
    while (n > 0);
    if (n < 0)
        return unpack_error(u, err);
    do
        n = read_packed(u->raw, u, &ignored);
    while (n > 0);
    return n < 0 ? unpack_error(u, err) : 0;
}

int unpack_verify(struct unpack *u, struct err *err)
{
    char packed[DIGEST_TEXT_MAX], unpacked[DIGEST_TEXT_MAX];
    int ret = drain(u, err);

    digest_end(u->packed, packed);
    digest_end(u->unpacked, unpacked);
    u->packed = u->unpacked = NULL;
    if (ret < 0)
        return -1;
    if (u->ref->digest[0] && strcmp(packed, u->ref->digest) != 0)
        return err_set(err, ERR_TOOL, "%s: %s is damaged: its digest is %s",
                       u->where, u->ref->digest, packed);
    if (strcmp(unpacked, u->ref->diff_id) != 0)
        return err_set(err, ERR_TOOL,
                       "%s: unpacks to %s, but the configuration says %s",
                       u->where, unpacked, u->ref->diff_id);
    return 0;
}

void unpack_close(struct unpack *u)
{
    archive_read_free(u->tar);
    archive_read_free(u->raw);
    if (u->packed) {
        EVP_MD_CTX_free(u->packed);
        EVP_MD_CTX_free(u->unpacked);
    }
    blob_close(&u->blob);
    free(u->buf[0]);
    free(u->buf[1]);
}
