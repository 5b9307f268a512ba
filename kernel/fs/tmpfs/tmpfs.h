/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files in memory, over an optional read-only EROFS image ("lower"): a union
 * without a second set of inodes. A name that is not in the tree is looked up
 * in the lower directory; a file's data stays in the image until it is first
 * changed and then moves to shareable pages, under the same inode. Removed
 * lower names are pinned negative entries.
 */
#ifndef EINKORN_KERNEL_FS_TMPFS_TMPFS_H
#define EINKORN_KERNEL_FS_TMPFS_TMPFS_H

#include "kernel/vfs/inode.h"

struct erofs;

/* The root of a new file system; lower may be NULL. -ENOMEM, -EUCLEAN. */
int tmpfs_new(struct super *super, const struct erofs *lower, uint32_t mode);

/* memfd_create(2): a file without a place. *out: one reference. */
int tmpfs_memfd(const char *name, bool sealable, uint32_t open_flags,
                struct file **out);
/* fcntl(2) F_ADD_SEALS, F_GET_SEALS; -EINVAL for other files. */
int tmpfs_add_seals(struct file *f, uint32_t seals);
int tmpfs_get_seals(struct file *f);

/* Gives a regular file this content, made if need be (start-up: /etc/hosts and
 * such). text is kmalloc'ed and becomes the file's if it succeeds. */
int tmpfs_make_file(const char *path, char *text, size_t len_bytes);

#endif
