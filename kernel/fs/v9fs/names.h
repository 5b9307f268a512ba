/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Operations on names of a host directory, for its table of operations.
 */
#ifndef EINKORN_KERNEL_FS_V9FS_NAMES_H
#define EINKORN_KERNEL_FS_V9FS_NAMES_H

#include "kernel/fs/v9fs/chain.h"
#include "kernel/fs/v9fs/v9.h"
#include "kernel/vfs/notify.h"

int v9_lookup(struct inode *dir, struct dentry *d, struct inode **out);
/* What is known of the name is as old as dir's generation gen. */
void v9_name_seen(struct v9_inode *dir, struct dentry *d, uint64_t gen);

/* The directory was changed: its attributes, if they are the chain's next
 * answer. hints: how many there were when that was sent. */
void v9_dir_answered(struct v9_inode *dir, struct v9_chain *c, uint32_t hints);

int v9_create(struct inode *dir, struct dentry *d, uint32_t mode,
              uint64_t rdev);
int v9_symlink_op(struct inode *dir, struct dentry *d, const char *target);
int v9_link_op(struct inode *dir, struct dentry *d, struct inode *inode);
int v9_unlink(struct inode *dir, struct dentry *d);
int v9_rename(struct inode *old_dir, struct dentry *old, struct inode *new_dir,
              struct dentry *new, uint32_t flags);

#endif
