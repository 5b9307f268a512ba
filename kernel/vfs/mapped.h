/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What file systems whose inodes are mapped have in common: the first mapping
 * holds the inode, and the name it was opened by for /proc/self/maps.
 */
#ifndef EINKORN_KERNEL_VFS_MAPPED_H
#define EINKORN_KERNEL_VFS_MAPPED_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/mm/mm.h"
#include "kernel/vfs/file.h"

/* One more reference to the file's backing; *name is kept beside it. */
void mapped_get(struct file *f, struct backing *b, struct dentry **name);

/* The last mapping is gone (backing_ops.release): lets both go. The inode may
 * be freed. */
void mapped_release(struct inode *inode, struct dentry **name);

/* backing_ops.describe. */
int mapped_describe(const struct inode *inode, struct dentry *name, char *buf,
                    size_t size_bytes, uint64_t *ino);

#endif
