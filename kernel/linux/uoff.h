/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offsets that calls which move data between two files may be given: a loff_t
 * in program memory, or the file's own.
 */
#ifndef EINKORN_KERNEL_LINUX_UOFF_H
#define EINKORN_KERNEL_LINUX_UOFF_H

#include <linux/errno.h>

#include "kernel/core/uaccess.h"
#include "kernel/vfs/file.h"

/* uoff 0: none is given. -ESPIPE: f has no offsets; -EINVAL, -EFAULT. */
static inline int64_t uoff_get(uptr_t uoff, const struct file *f, uint64_t *off)
{
    int64_t err;

    *off = f->off;
    if (!uoff)
        return 0;
    if (!f->ops->seek)
        return -ESPIPE;
    err = copy_in(off, uoff);
    return err ? err : (int64_t)*off < 0 ? -EINVAL : 0;
}

/* Where it was found. */
static inline int64_t uoff_put(uptr_t uoff, struct file *f, uint64_t off)
{
    if (uoff)
        return copy_out(uoff, &off);
    f->off = off;
    return 0;
}

#endif
