/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directory records.
 */
#include "kernel/vfs/dirent.h"

#include <linux/errno.h>

#include "kernel/vfs/dentry.h"
#include "kernel/vfs/file.h"
#include "lib/string.h"

enum { HEADER_BYTES = 19, DT_DIR_ = 4 };

void dirent_begin(struct dirent_sink *sink, struct uio *to)
{
    sink->to = to;
    sink->done_bytes = 0;
    sink->err = 0;
}

bool dirent_emit(struct dirent_sink *sink, const char *name, size_t name_len,
                 uint64_t ino, uint64_t next_off, uint8_t type)
{
    uint8_t rec[HEADER_BYTES + DENTRY_NAME_MAX + 1 + 7];
    uint16_t len = (HEADER_BYTES + name_len + 1 + 7) & ~7;

    if (len > sink->to->resid_bytes) {
        sink->err = -EINVAL;
        return false;
    }
    memcpy(rec, &ino, 8);
    memcpy(rec + 8, &next_off, 8);
    memcpy(rec + 16, &len, 2);
    rec[18] = type;
    memcpy(rec + HEADER_BYTES, name, name_len);
    memset(rec + HEADER_BYTES + name_len, 0, len - HEADER_BYTES - name_len);
    if (uio_put(sink->to, rec, len) != len) {
        sink->err = -EFAULT;
        return false;
    }
    sink->done_bytes += len;
    return true;
}

static uint64_t parent_ino(struct dentry *d)
{
    while (d->parent == d && d->super->covered)
        d = d->super->covered;
    return d->parent->inode ? d->parent->inode->ino : 1;
}

bool dirent_emit_dots(struct dirent_sink *sink, struct file *f)
{
    if (f->off == 0) {
        if (!dirent_emit(sink, ".", 1, f->inode->ino, 1, DT_DIR_))
            return false;
        f->off = 1;
    }
    if (f->off == 1) {
        if (!dirent_emit(sink, "..", 2, parent_ino(f->dentry), 2, DT_DIR_))
            return false;
        f->off = 2;
    }
    return true;
}

int64_t dirent_end(struct dirent_sink *sink)
{
    return sink->done_bytes ? sink->done_bytes : sink->err;
}
