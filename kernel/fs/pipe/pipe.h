/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pipes and FIFOs: pipe(7), fifo(7).
 */
#ifndef EINKORN_KERNEL_FS_PIPE_PIPE_H
#define EINKORN_KERNEL_FS_PIPE_PIPE_H

#include <stdint.h>

struct file;
struct inode;

/* Two new files, one reference each; flags O_NONBLOCK, O_CLOEXEC, O_DIRECT
 * (packet mode is not supported: -EINVAL). */
int pipe_new(struct file **reader, struct file **writer, uint32_t flags);
/* open(2) of a FIFO: blocks until the other side is there. */
int pipe_open_fifo(struct inode *inode, struct file *f);
/* fcntl F_SETPIPE_SZ (returns the new size, -EBUSY, -EPERM), F_GETPIPE_SZ;
 * -EBADF if f is no pipe. */
int pipe_set_size(struct file *f, uint32_t size_bytes);
int pipe_get_size(struct file *f);

#endif
