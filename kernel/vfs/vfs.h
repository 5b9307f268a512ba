/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the rest of the kernel asks of the file system: start, and reading
 * files without a descriptor.
 */
#ifndef EINKORN_KERNEL_VFS_VFS_H
#define EINKORN_KERNEL_VFS_VFS_H

#include <stddef.h>
#include <stdint.h>

struct file;

/* Mounts the root and the rest, sets the working directory, opens descriptors
 * 0, 1 and 2. Panics when there is no usable image. (kernel/fs/init.c) */
void vfs_init(void);
/* In the first thread, for what may have to wait: mounts volumes, enters the
 * configured working directory. */
void vfs_start(void);

/* Path relative to the working directory; flags O_*. 0 and *out (one
 * reference), or -errno. */
int vfs_open_kernel(const char *path, uint32_t flags, struct file **out);
/* Bytes read (less only at the end of the file), or -errno. */
int64_t file_pread_kernel(struct file *f, void *buf, size_t len_bytes,
                          uint64_t off);
int64_t file_pwrite_kernel(struct file *f, const void *buf, size_t len_bytes,
                           uint64_t off);
uint64_t file_size(struct file *f);
/* Absolute path of an open file; length, or -errno. */
int file_path(struct file *f, char *buf, size_t size_bytes);

#endif
