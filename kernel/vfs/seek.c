/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * File offsets.
 */
#include "kernel/vfs/seek.h"

#include <linux/errno.h>
#include <linux/fs.h>

#include "kernel/vfs/file.h"

int64_t seek_generic(struct file *f, int64_t off, int whence, uint64_t size)
{
    int64_t base, to;

    switch (whence) {
    case SEEK_SET:
        base = 0;
        break;
    case SEEK_CUR:
        base = f->off;
        break;
    case SEEK_END:
        base = size;
        break;
    case SEEK_DATA:
        if (off < 0 || (uint64_t)off >= size)
            return -ENXIO;
        base = 0;
        break;
    case SEEK_HOLE:
        if (off < 0 || (uint64_t)off >= size)
            return -ENXIO;
        base = size;
        off = 0;
        break;
    default:
        return -EINVAL;
    }
    if (__builtin_add_overflow(base, off, &to))
        return -EOVERFLOW;
    if (to < 0)
        return -EINVAL;
    f->off = to;
    return to;
}
