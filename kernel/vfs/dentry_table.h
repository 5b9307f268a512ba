/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to dentry.c and dentry_change.c: the hash table, and names as such.
 */
#ifndef EINKORN_KERNEL_VFS_DENTRY_TABLE_H
#define EINKORN_KERNEL_VFS_DENTRY_TABLE_H

#include "kernel/vfs/dentry.h"

uint32_t dentry_hash_name(const struct dentry *parent, const char *name,
                          size_t len);
/* Out of the table, in which it stands. */
void dentry_table_remove(struct dentry *d);
/* A copy of the name in place of the old one, which is not freed. False: no
 * memory. */
bool dentry_set_name(struct dentry *d, const char *name, size_t len);
/* Frees d, and its ancestors as far as that was their last use. */
void dentry_free_up(struct dentry *d);
/* Greater than all before. */
uint64_t dentry_next_cookie(void);

#endif
