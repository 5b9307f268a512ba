/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading images that our own writer made (host/image/erofs.h), mapped whole.
 * Symbolic links are followed inside the image only.
 */
#ifndef EINKORN_HOST_COMMON_EROFS_READ_H
#define EINKORN_HOST_COMMON_EROFS_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/common/err.h"

struct erofs_image {
    const uint8_t *bytes;
    uint64_t len_bytes;
    uint64_t root_nid;
};

struct erofs_node {
    uint64_t nid;
    uint32_t mode, uid, gid, nlink;
    uint32_t rdev; /* as the format has it: Linux's new_encode_dev() */
    uint64_t mtime_s;
    uint32_t mtime_ns;
    uint64_t len_bytes;
    const uint8_t *data; /* of file, directory or link, inside the mapping */
};

int erofs_open(struct erofs_image *e, const char *path, struct err *err);
void erofs_close(struct erofs_image *e);

/* Walk a path from the root, all links followed. False with errno if there is
 * nothing. */
bool erofs_walk(const struct erofs_image *e, const char *path,
                struct erofs_node *out);

/* The node of that number; false if the image is damaged. */
bool erofs_get(const struct erofs_image *e, uint64_t nid,
               struct erofs_node *out);

/* Entry number *at (from 0) of a directory; moves *at on. The name is not
 * ended by NUL. False at the end. */
bool erofs_entry(const struct erofs_node *dir, uint64_t *at, const char **name,
                 size_t *name_len, uint64_t *nid);

#endif
