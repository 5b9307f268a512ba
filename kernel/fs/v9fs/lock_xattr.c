/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests about locks and extended attributes.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>

#include "kernel/fs/v9fs/request.h"
#include "lib/string.h"

enum {
    BUF_BYTES = V9_HEAD + 384, /* a name and all fixed fields */
};

static uint8_t to_wire(int type)
{
    if (type == F_UNLCK)
        return P9_LOCK_NONE;
    return type == F_WRLCK ? P9_LOCK_WRITE : P9_LOCK_READ;
}

static void put_range(struct v9_msg *m, uint64_t start, uint64_t end)
{
    p9_put64(&m->p, start);
    p9_put64(&m->p, end >= INT64_MAX ? 0 : end - start + 1); /* 0: to the end */
    p9_put32(&m->p, 1);
    p9_put_str(&m->p, "einkorn", 7);
}

int v9_set_lock(struct v9_session *s, uint32_t fid, int type, uint64_t start,
                uint64_t end)
{
    uint8_t buf[BUF_BYTES], status;
    struct v9_msg m;
    int err;

    v9_begin(&m, buf, sizeof(buf), P9_LOCK);
    p9_put32(&m.p, fid);
    p9_put8(&m.p, to_wire(type));
    p9_put32(&m.p, 0);
    put_range(&m, start, end);
    err = v9_call(s, &m);
    if (err)
        return err == -EOPNOTSUPP ? 0 : err;
    status = p9_get8(&m.p);
    if (m.p.bad || status > P9_LOCK_BLOCKED)
        return -EIO;
    return status == P9_LOCK_BLOCKED ? -EAGAIN : 0;
}

int v9_get_lock(struct v9_session *s, uint32_t fid, struct lock_range *range)
{
    uint8_t buf[BUF_BYTES], type;
    struct v9_msg m;
    uint64_t len;
    int err;

    v9_begin(&m, buf, sizeof(buf), P9_GETLOCK);
    p9_put32(&m.p, fid);
    p9_put8(&m.p, to_wire(range->type));
    put_range(&m, range->start, range->end);
    range->type = F_UNLCK;
    err = v9_call(s, &m);
    if (err)
        return err == -EOPNOTSUPP ? 0 : err;
    type = p9_get8(&m.p);
    range->start = p9_get64(&m.p);
    len = p9_get64(&m.p);
    range->end = len ? range->start + len - 1 : UINT64_MAX;
    if (m.p.bad || type > P9_LOCK_NONE)
        return -EIO;
    if (type != P9_LOCK_NONE)
        range->type = type == P9_LOCK_WRITE ? F_WRLCK : F_RDLCK;
    return 0;
}

int v9_clunk_wait(struct v9_session *s, uint32_t fid)
{
    uint8_t buf[BUF_BYTES];
    struct v9_msg m;

    v9_begin(&m, buf, sizeof(buf), P9_CLUNK);
    p9_put32(&m.p, fid);
    return v9_call(s, &m);
}

int v9_xattrwalk(struct v9_session *s, uint32_t fid, uint32_t new_fid,
                 const char *name, uint64_t *size_bytes)
{
    uint8_t buf[BUF_BYTES];
    struct v9_msg m;
    int err;

    v9_begin(&m, buf, sizeof(buf), P9_XATTRWALK);
    p9_put32(&m.p, fid);
    p9_put32(&m.p, new_fid);
    p9_put_str(&m.p, name, strlen(name));
    err = v9_call(s, &m);
    if (err)
        return err;
    *size_bytes = p9_get64(&m.p);
    return m.p.bad ? -EIO : 0;
}

int v9_xattrcreate(struct v9_session *s, uint32_t fid, const char *name,
                   uint64_t size_bytes, int flags)
{
    uint8_t buf[BUF_BYTES];
    struct v9_msg m;

    v9_begin(&m, buf, sizeof(buf), P9_XATTRCREATE);
    p9_put32(&m.p, fid);
    p9_put_str(&m.p, name, strlen(name));
    p9_put64(&m.p, size_bytes);
    p9_put32(&m.p, (uint32_t)flags);
    return v9_call(s, &m);
}
