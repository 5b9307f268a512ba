/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of mounted file systems. Made at start; there is no mount(2).
 */
#ifndef EINKORN_KERNEL_VFS_MOUNT_H
#define EINKORN_KERNEL_VFS_MOUNT_H

#include "kernel/vfs/inode.h"

/* Mounts super (its root set) on an existing directory, or a file on a file;
 * path NULL: as the root of everything. 0 or -errno. */
int mount_add(struct super *super, const char *path);
/* All struct super, in order of mounting. */
struct list *mount_list(void);
/* A number for super->dev of a file system without device. */
uint64_t mount_new_dev(void);

#endif
