/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ext4 on a block device of the instance. docs/disks.md says what it can do.
 */
#ifndef EINKORN_KERNEL_FS_EXT4_MOUNT_H
#define EINKORN_KERNEL_FS_EXT4_MOUNT_H

#include <stdbool.h>
#include <stdint.h>

struct super;

/* Where a file system lies. */
struct ext4_place {
    uint32_t dev;            /* block device */
    uint64_t off, len_bytes; /* on it; len_bytes 0: to its end */
};

/* The file system at that place, its journal replayed; not yet in the tree of
 * names. 0; -EUCLEAN damaged, -EOPNOTSUPP a feature that is not
 * supported, -EINVAL no ext4 at all, -ENODEV, -EROFS, -EIO, -ENOMEM. The log
 * says more. */
int ext4_mount(const struct ext4_place *place, bool read_only,
               struct super **out);
/* Writes everything and leaves the device clean. Nothing may be open or known
 * by name there any more; the super is gone. */
int ext4_unmount(struct super *super);
/* Writes everything that is mounted: sync(2). The first error. */
int ext4_sync_all(void);
/* The instance ends: the same, and all devices are clean. */
void ext4_leave_all(void);
/* Mounts what the configuration names (disk0=...); panics if it cannot. */
void ext4_mount_all(void);

#endif
