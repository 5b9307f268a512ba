/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that are no data of their file system: see dev.h. */
#include <linux/errno.h>

#include "kernel/fs/dev/dev.h"
#include "kernel/fs/pipe/pipe.h"
#include "kernel/vfs/inode.h"
#include "kernel/vfs/mode.h"

int special_open(struct inode *inode, struct file *f)
{
    switch (inode->mode & S_IFMT) {
    case S_IFIFO:
        return pipe_open_fifo(inode, f);
    case S_IFCHR:
        return dev_open(inode, f);
    default:
        return -ENXIO;
    }
}
