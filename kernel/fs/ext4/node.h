/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to node.c and node_disk.c: between an inode and its record.
 */
#ifndef EINKORN_KERNEL_FS_EXT4_NODE_H
#define EINKORN_KERNEL_FS_EXT4_NODE_H

#include "kernel/fs/ext4/ext4.h"

/* What its checksums begin with, by number and generation. */
void ext4_node_set_seed(struct ext4_node *n);
void ext4_node_load(struct ext4_node *n, const struct ext4_inode *raw);
/* Is what was loaded something that can be? 0 or -EUCLEAN. */
int ext4_node_check(struct ext4_node *n, struct ext4_inode *raw);
/* Fields and checksum. */
void ext4_node_put(struct ext4_node *n, struct ext4_inode *raw);

#endif
