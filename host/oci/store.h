/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where an image's files are: an OCI image layout in a directory, or an
 * archive, whose files are unpacked to the spool and found by name. Nothing
 * here is trusted; what a file contains is checked by who reads it.
 */
#ifndef EINKORN_HOST_OCI_STORE_H
#define EINKORN_HOST_OCI_STORE_H

#include <stdint.h>
#include <sys/types.h>

#include "host/common/err.h"
#include "host/oci/spool.h"

struct store_file {
    char *name;
    char *link; /* symbolic link: its target; else NULL */
    uint64_t off, len_bytes;
};

struct oci_store {
    const char *where; /* for messages */
    int dir_fd;        /* -1: an archive */
    struct spool *spool;
    struct store_file *files;
    size_t nr, cap;
};

/* A piece of an open file. */
struct blob {
    int fd;
    uint64_t off, len_bytes;
};

/* `path` and `where` must stay valid. */
int store_open_directory(struct oci_store *s, const char *path,
                         const char *where, struct err *err);
int store_open_archive(struct oci_store *s, const char *path, const char *where,
                       struct spool *spool, struct err *err);
void store_close(struct oci_store *s);

/* Open one of its files, a regular one. 0 and *out (close with blob_close), 1
 * if there is none, -1 on error. */
int store_open_file(struct oci_store *s, const char *name, struct blob *out,
                    struct err *err);
void blob_close(struct blob *b);

/* Up to len bytes from an offset inside the blob; fewer only at its end. -1
 * with errno on failure. */
ssize_t blob_read(const struct blob *b, uint64_t at, void *to, size_t len);

#endif
