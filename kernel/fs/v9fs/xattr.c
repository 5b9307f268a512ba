/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended attributes of files of the host, which are never kept here.
 */
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/xattr.h>

#include "kernel/core/alloc.h"
#include "kernel/fs/v9fs/v9.h"
#include "lib/string.h"

static int64_t read_value(struct v9_session *s, uint32_t fid, void *buf,
                          uint64_t size)
{
    uint64_t done = 0;

    while (done < size) {
        uint64_t most = v9_io_bytes(s);
        int64_t n;

        most = most < size - done ? most : size - done;
        n = v9_read(s, fid, done, (char *)buf + done, most);
        if (n <= 0)
            return n < 0 ? n : -EIO;
        done += (uint64_t)n;
    }
    return (int64_t)size;
}

/* name "": the list of names. size_bytes 0: how many bytes there are. */
static int64_t fetch(struct inode *inode, const char *name, void *buf,
                     size_t size_bytes)
{
    struct v9_inode *v = v9_of(inode);
    struct v9_session *s = v9_session(v);
    uint32_t fid = v9_new_fid(s);
    uint64_t size;
    int64_t n = v9_xattrwalk(s, v->fid, fid, name, &size);

    if (n)
        return n;
    if (size > XATTR_SIZE_MAX)
        n = -E2BIG;
    else if (size_bytes == 0)
        n = (int64_t)size;
    else
        n = size > size_bytes ? -ERANGE : read_value(s, fid, buf, size);
    v9_clunk(s, fid);
    return n;
}

int64_t v9_getxattr_op(struct inode *inode, const char *name, void *buf,
                       size_t size_bytes)
{
    return fetch(inode, name, buf, size_bytes);
}

int64_t v9_listxattr_op(struct inode *inode, char *buf, size_t size_bytes)
{
    return fetch(inode, "", buf, size_bytes);
}

static int write_value(struct v9_session *s, uint32_t fid, const char *value,
                       size_t size)
{
    size_t most = v9_io_bytes(s), done = 0;
    uint8_t *buf = kmalloc(V9_WRITE_AT + (size < most ? size : most));
    struct v9_msg m;
    int64_t n = 0;

    if (!buf)
        return -ENOMEM;
    while (done < size && n >= 0) {
        size_t len = size - done < most ? size - done : most;

        v9_begin(&m, buf, V9_WRITE_AT + len, P9_WRITE);
        memcpy(buf + V9_WRITE_AT, value + done, len);
        n = v9_write(s, &m, fid, done, len);
        if (n == 0)
            n = -EIO;
        done += n > 0 ? (size_t)n : 0;
    }
    kfree(buf);
    return n < 0 ? (int)n : 0;
}

static int store(struct v9_inode *v, const char *name, const void *value,
                 size_t size, int flags)
{
    struct v9_session *s = v9_session(v);
    uint32_t fid = v9_new_fid(s);
    int err = v9_walk(s, v->fid, fid, NULL, NULL), end;

    if (err)
        return err;
    err = v9_xattrcreate(s, fid, name, size, flags);
    if (!err)
        err = write_value(s, fid, value, size);
    v9_own_begin(v);
    end = v9_clunk_wait(s, fid);
    v9_own_end(v);
    if (!err && !end)
        v9_changed(v);
    return err ? err : end;
}

/* An empty value with XATTR_REPLACE is the protocol's way to remove one. */
int v9_setxattr_op(struct inode *inode, const char *name, const void *buf,
                   size_t size_bytes, int flags)
{
    if (size_bytes == 0 && flags == XATTR_REPLACE) {
        int64_t n = fetch(inode, name, NULL, 0);

        if (n < 0)
            return (int)n;
        flags = 0;
    }
    return store(v9_of(inode), name, buf, size_bytes, flags);
}

int v9_removexattr_op(struct inode *inode, const char *name)
{
    return store(v9_of(inode), name, NULL, 0, XATTR_REPLACE);
}
