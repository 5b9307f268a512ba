/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Disks: files (or block devices) with an ext4 file system, that instances
 * mount themselves. One instance at a time writes to a disk.
 */
#ifndef EINKORN_HOST_DISK_DISK_H
#define EINKORN_HOST_DISK_DISK_H

#include <stdint.h>
#include <sys/types.h>

#include "host/common/err.h"
#include "host/instance/spec.h"

/* Opens those that the spec names (disks[].fd) and locks them, shared if they
 * are read-only, for as long as this process or the instance lives. */
int disks_open(struct spec *spec, struct err *err);

/* Below this mke2fs makes no journal. */
#define DISK_MIN_BYTES (UINT64_C(8) << 20)

/* What mke2fs(8) is asked for. */
struct disk_make {
    const char *path;
    uint64_t offset, len_bytes; /* of the file system in the file */
    uid_t uid;                  /* of its root directory */
    gid_t gid;
};

/* Makes the file system in a file that is there and long enough, by mke2fs
 * (package e2fsprogs). */
int disk_format(const struct disk_make *make, struct err *err);

/* A new sparse file of that size with a file system; an existing one is an
 * error. */
int disk_create(const struct disk_make *make, struct err *err);

#endif
