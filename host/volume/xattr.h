/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended attributes under way: a value that is being read, or one that is
 * being written and will be set when its fid is clunked. Only those of users
 * (xattr(7)): others mean something to the host.
 */
#ifndef EINKORN_HOST_VOLUME_XATTR_H
#define EINKORN_HOST_VOLUME_XATTR_H

#include <linux/limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fid;

enum { XATTR_SLOTS = 16 };

struct xattr {
    bool used, is_new;
    int flags; /* of setxattr(2) */
    size_t len, room;
    char name[XATTR_NAME_MAX + 1];
    uint8_t value[XATTR_SIZE_MAX];
};

/* A part of the value; bytes, 0 at its end. */
size_t xattr_read(const struct xattr *x, uint64_t offset, void *to,
                  size_t count);
/* The value's next part. Bytes or -errno. */
int xattr_write(struct xattr *x, uint64_t offset, const void *data,
                size_t count);
/* The value is complete: sets it. 0 or -errno. */
int xattr_commit(const struct xattr *x, const struct fid *fid);

#endif
