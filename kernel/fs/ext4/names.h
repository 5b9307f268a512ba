/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to names.c and rename.c: parts of a step that changes names.
 */
#ifndef EINKORN_KERNEL_FS_EXT4_NAMES_H
#define EINKORN_KERNEL_FS_EXT4_NAMES_H

#include "kernel/fs/ext4/ext4.h"

/* Before a step that changes the directory. */
int ext4_names_prepare(struct ext4_node *dir);
/* Its content has changed; its attributes have. */
int ext4_names_touch(struct ext4_node *dir);
int ext4_names_changed(struct ext4_node *n);
/* The inode loses a name in dir. */
int ext4_names_drop(struct ext4_node *dir, struct ext4_node *n);
/* inode_ops.rename */
int ext4_rename(struct inode *old_dir, struct dentry *old,
                struct inode *new_dir, struct dentry *new, uint32_t flags);

#endif
