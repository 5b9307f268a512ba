/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to kernel/fs/pipe: the object, made in pipe_new.c, used in pipe.c.
 */
#ifndef EINKORN_KERNEL_FS_PIPE_RING_H
#define EINKORN_KERNEL_FS_PIPE_RING_H

#include <linux/fcntl.h>

#include "abi/layout.h"
#include "kernel/vfs/file.h"

enum {
    PIPE_DEFAULT_BYTES = 65536,
    PIPE_MAX_BYTES = 1 << 20,
    PIPE_MAX_PIECES = PIPE_MAX_BYTES / ABI_PAGE_SIZE,
};

struct pipe {
    uint8_t *buf; /* pages; NULL until something is written */
    uint32_t size, head, used;
    uint32_t nr_readers, nr_writers;
    uint32_t opened_r, opened_w; /* how often, for FIFOs that wait */
    uint32_t refs;               /* files */
    struct inode *inode;         /* of a FIFO, or a pipe's own */
    struct waitq readers, writers;
    struct pieces *pieces; /* pieces.h; NULL: no packet was ever written */
};

extern const struct file_ops pipe_fops;

static inline bool can_read(const struct file *f)
{
    return (f->flags & O_ACCMODE) != O_WRONLY;
}

static inline bool can_write(const struct file *f)
{
    return (f->flags & O_ACCMODE) != O_RDONLY;
}

/* One end is closed. */
void pipe_release(struct file *f);

#endif
