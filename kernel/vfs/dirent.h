/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records of getdents64(2), written one by one for file systems.
 */
#ifndef EINKORN_KERNEL_VFS_DIRENT_H
#define EINKORN_KERNEL_VFS_DIRENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file;
struct uio;

struct dirent_sink {
    struct uio *to;
    int64_t done_bytes;
    int err;
};

void dirent_begin(struct dirent_sink *sink, struct uio *to);
/* next_off: where to continue behind this entry. False: no room (or EFAULT),
 * stop here. */
bool dirent_emit(struct dirent_sink *sink, const char *name, size_t name_len,
                 uint64_t ino, uint64_t next_off, uint8_t type);
/* "." and ".." for offsets 0 and 1; leaves f->off at least 2 if true. */
bool dirent_emit_dots(struct dirent_sink *sink, struct file *f);
/* What getdents64 returns. */
int64_t dirent_end(struct dirent_sink *sink);

static inline uint8_t dirent_type(uint32_t mode)
{
    return (mode >> 12) & 15; /* DT_* are the type bits of st_mode */
}

#endif
