/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pipes and FIFOs: pipe(7), fifo(7).
 */
#ifndef EINKORN_KERNEL_FS_PIPE_PIPE_H
#define EINKORN_KERNEL_FS_PIPE_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file;
struct inode;

/* Two new files, one reference each; flags O_NONBLOCK, O_CLOEXEC, O_DIRECT. */
int pipe_new(struct file **reader, struct file **writer, uint32_t flags);
/* open(2) of a FIFO: blocks until the other side is there. */
int pipe_open_fifo(struct inode *inode, struct file *f);
/* fcntl F_SETPIPE_SZ (returns the new size, -EBUSY, -EPERM), F_GETPIPE_SZ;
 * -EBADF if f is no pipe. */
int pipe_set_size(struct file *f, uint32_t size_bytes);
int pipe_get_size(struct file *f);

/* For splice(2) and relatives. */
bool pipe_is(const struct file *f);
/* Waits until there are bytes to read (room to write): how many, 0 at the end
 * of the data (-EPIPE: no reader, the signal is sent), or -errno. */
int64_t pipe_wait_data(struct file *f, bool nonblock);
int64_t pipe_wait_room(struct file *f, bool nonblock);
/* Copies the first bytes without taking them; how many. */
size_t pipe_peek(struct file *f, void *buf, size_t len_bytes);
/* Takes them, as far as no other reader has. */
void pipe_skip(struct file *f, size_t len_bytes);

#endif
