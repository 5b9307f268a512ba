/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copying the content of one file into an image, inside the host's kernel
 * where it can.
 */
#include "host/image/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* For file systems that cannot copy among themselves. */
static ssize_t copy_by_hand(int from, int to, off_t *from_off, off_t *to_off,
                            size_t len)
{
    static char buf[1 << 16];
    ssize_t got =
        pread(from, buf, len < sizeof(buf) ? len : sizeof(buf), *from_off);

    if (got <= 0)
        return got;
    got = pwrite(to, buf, (size_t)got, *to_off);
    if (got > 0) {
        *from_off += got;
        *to_off += got;
    }
    return got;
}

static ssize_t copy_some(int from, int to, off_t *from_off, off_t *to_off,
                         size_t len)
{
    ssize_t n = copy_file_range(from, from_off, to, to_off, len, 0);

    if (n > 0 || (n < 0 && errno != EXDEV && errno != EINVAL &&
                  errno != ENOSYS && errno != EOPNOTSUPP))
        return n;
    /* 0 may also mean a file of /proc or /sys, which read(2) can. */
    return copy_by_hand(from, to, from_off, to_off, len);
}

int copy_content(const struct tree_inode *inode, int to, struct err *err)
{
    int from = open(inode->source, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    off_t from_off = (off_t)inode->source_off, to_off = (off_t)inode->image_off;
    uint64_t left = inode->len_bytes;
    ssize_t n = 1;

    if (from < 0)
        return err_set(err, ERR_TOOL, "read %s: %m", inode->source);
    while (left > 0) {
        n = copy_some(from, to, &from_off, &to_off, left);
        if (n <= 0)
            break;
        left -= (uint64_t)n;
    }
    if (n < 0)
        err_set(err, ERR_TOOL, "copy %s into the image: %m", inode->source);
    else if (n == 0)
        err_set(err, ERR_TOOL, "%s became shorter while it was read",
                inode->source);
    close(from);
    return n > 0 ? 0 : -1;
}
