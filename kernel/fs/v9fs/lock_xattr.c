/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests about locks and extended attributes.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>

#include "kernel/fs/v9fs/request.h"
#include "lib/string.h"

enum {
    BUF_BYTES = 384, /* a name and all fixed fields */
    BLOCKED = 1,
    /* the protocol's numbers for types */
    TYPE_READ = 0,
    TYPE_WRITE = 1,
    TYPE_NONE = 2,
};

static uint8_t to_wire(int type)
{
    if (type == F_UNLCK)
        return TYPE_NONE;
    return type == F_WRLCK ? TYPE_WRITE : TYPE_READ;
}

static void put_range(struct v9_msg *m, uint64_t start, uint64_t end)
{
    v9_put64(m, start);
    v9_put64(m, end >= INT64_MAX ? 0 : end - start + 1); /* 0: to the end */
    v9_put32(m, 1);
    v9_puts(m, "einkorn", 7);
}

int v9_set_lock(struct v9_session *s, uint32_t fid, int type, uint64_t start,
                uint64_t end)
{
    uint8_t buf[BUF_BYTES], status;
    struct v9_msg m;
    int err;

    v9_begin(&m, buf, sizeof(buf), TLOCK);
    v9_put32(&m, fid);
    v9_put8(&m, to_wire(type));
    v9_put32(&m, 0);
    put_range(&m, start, end);
    err = v9_call(s, &m, sizeof(buf));
    if (err)
        return err == -EOPNOTSUPP ? 0 : err;
    status = v9_get8(&m);
    if (m.bad || status > BLOCKED)
        return -EIO;
    return status == BLOCKED ? -EAGAIN : 0;
}

int v9_get_lock(struct v9_session *s, uint32_t fid, struct lock_range *range)
{
    uint8_t buf[BUF_BYTES], type;
    struct v9_msg m;
    uint64_t len;
    int err;

    v9_begin(&m, buf, sizeof(buf), TGETLOCK);
    v9_put32(&m, fid);
    v9_put8(&m, to_wire(range->type));
    put_range(&m, range->start, range->end);
    range->type = F_UNLCK;
    err = v9_call(s, &m, sizeof(buf));
    if (err)
        return err == -EOPNOTSUPP ? 0 : err;
    type = v9_get8(&m);
    range->start = v9_get64(&m);
    len = v9_get64(&m);
    range->end = len ? range->start + len - 1 : UINT64_MAX;
    if (m.bad || type > TYPE_NONE)
        return -EIO;
    if (type != TYPE_NONE)
        range->type = type == TYPE_WRITE ? F_WRLCK : F_RDLCK;
    return 0;
}

int v9_clunk_wait(struct v9_session *s, uint32_t fid)
{
    uint8_t buf[BUF_BYTES];
    struct v9_msg m;

    v9_begin(&m, buf, sizeof(buf), TCLUNK);
    v9_put32(&m, fid);
    return v9_call(s, &m, sizeof(buf));
}

int v9_xattrwalk(struct v9_session *s, uint32_t fid, uint32_t new_fid,
                 const char *name, uint64_t *size_bytes)
{
    uint8_t buf[BUF_BYTES];
    struct v9_msg m;
    int err;

    v9_begin(&m, buf, sizeof(buf), TXATTRWALK);
    v9_put32(&m, fid);
    v9_put32(&m, new_fid);
    v9_puts(&m, name, strlen(name));
    err = v9_call(s, &m, sizeof(buf));
    if (err)
        return err;
    *size_bytes = v9_get64(&m);
    return m.bad ? -EIO : 0;
}

int v9_xattrcreate(struct v9_session *s, uint32_t fid, const char *name,
                   uint64_t size_bytes, int flags)
{
    uint8_t buf[BUF_BYTES];
    struct v9_msg m;

    v9_begin(&m, buf, sizeof(buf), TXATTRCREATE);
    v9_put32(&m, fid);
    v9_puts(&m, name, strlen(name));
    v9_put64(&m, size_bytes);
    v9_put32(&m, (uint32_t)flags);
    return v9_call(s, &m, sizeof(buf));
}
