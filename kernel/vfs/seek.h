/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lseek(2) for objects with a size.
 */
#ifndef EINKORN_KERNEL_VFS_SEEK_H
#define EINKORN_KERNEL_VFS_SEEK_H

#include <stdint.h>

struct file;

/* SEEK_SET, SEEK_CUR, SEEK_END; the new offset or -EINVAL, -EOVERFLOW. */
int64_t seek_generic(struct file *f, int64_t off, int whence, uint64_t size);

#endif
