/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests that move file data or directory entries.
 */
#include <linux/errno.h>

#include "kernel/fs/v9fs/request.h"

int64_t v9_read(struct v9_session *s, uint32_t fid, uint64_t off, void *to,
                size_t len_bytes)
{
    uint8_t buf[V9_HEAD + 64];
    struct v9_msg m;
    uint32_t n;
    int err;

    v9_begin(&m, buf, sizeof(buf), P9_READ);
    p9_put32(&m.p, fid);
    p9_put64(&m.p, off);
    p9_put32(&m.p, (uint32_t)len_bytes);
    m.data = to;
    m.data_bytes = len_bytes;
    err = v9_call(s, &m);
    if (err)
        return err;
    n = p9_get32(&m.p);
    return m.p.bad || n > len_bytes ? -EIO : (int64_t)n;
}

/* The answer is left behind the number of bytes. */
static int64_t send_data(struct v9_session *s, struct v9_msg *m, uint32_t fid,
                         uint64_t off, size_t len_bytes)
{
    uint32_t n;
    int err;

    m->p.pos = P9_HEADER;
    p9_put32(&m->p, fid);
    p9_put64(&m->p, off);
    p9_put32(&m->p, (uint32_t)len_bytes);
    p9_bytes(&m->p, len_bytes);
    err = v9_call_into(s, m, m->p.buf, V9_WRITE_HEADER);
    if (err)
        return err;
    n = p9_get32(&m->p);
    return m->p.bad || n > len_bytes ? -EIO : (int64_t)n;
}

int64_t v9_write(struct v9_session *s, struct v9_msg *m, uint32_t fid,
                 uint64_t off, size_t len_bytes)
{
    return send_data(s, m, fid, off, len_bytes);
}

int64_t v9_append(struct v9_session *s, struct v9_msg *m, uint32_t fid,
                  size_t len_bytes, uint64_t *end)
{
    int64_t n = send_data(s, m, fid, 0, len_bytes);

    *end = p9_get64(&m->p);
    return n > 0 && (m->p.bad || *end < (uint64_t)n) ? -EIO : n;
}

int v9_readdir(struct v9_session *s, struct v9_msg *m, void *buf,
               size_t size_bytes, uint32_t fid, uint64_t off, uint32_t *len)
{
    int err;

    v9_begin(m, buf, size_bytes, P9_READDIR);
    p9_put32(&m->p, fid);
    p9_put64(&m->p, off);
    p9_put32(&m->p, (uint32_t)(size_bytes - V9_HEAD - P9_HEADER - 4));
    err = v9_call(s, m);
    if (err)
        return err;
    *len = p9_get32(&m->p);
    return m->p.bad || *len > m->p.size_bytes - m->p.pos ? -EIO : 0;
}
