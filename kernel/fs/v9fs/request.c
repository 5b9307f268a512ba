/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests that carry neither file data nor directory entries.
 */
#include "kernel/fs/v9fs/request.h"

#include <linux/errno.h>
#include <linux/limits.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "lib/string.h"

enum {
    BUF_BYTES = V9_HEAD + 640, /* two names and all fixed fields */
    GETATTR_BASIC = 0x7ff,
    SET_ATIME_TO = 128, /* the time that is given, not now */
    SET_MTIME_TO = 256,
    UNLINK_DIRECTORY = 0x200,
};

struct small {
    struct v9_msg m;
    uint8_t buf[BUF_BYTES];
};

static void begin(struct small *q, uint8_t type, uint32_t fid)
{
    v9_begin(&q->m, q->buf, sizeof(q->buf), type);
    p9_put32(&q->m.p, fid);
}

static void put_name(struct small *q, const char *name)
{
    p9_put_str(&q->m.p, name, strlen(name));
}

static int call(struct v9_session *s, struct small *q)
{
    return v9_call(s, &q->m);
}

void v9_put_walk(struct v9_msg *m, uint32_t fid, uint32_t new_fid,
                 const char *name)
{
    p9_put32(&m->p, fid);
    p9_put32(&m->p, new_fid);
    p9_put16(&m->p, name ? 1 : 0);
    if (name)
        p9_put_str(&m->p, name, strlen(name));
}

int v9_get_walk(struct v9_msg *m, const char *name, struct v9_qid *qid)
{
    uint16_t nr = p9_get16(&m->p);

    if (name && nr == 1)
        v9_get_qid(m, qid);
    return m->p.bad || nr != (name ? 1 : 0) ? -EIO : 0;
}

int v9_walk(struct v9_session *s, uint32_t fid, uint32_t new_fid,
            const char *name, struct v9_qid *qid)
{
    struct small q;
    int err;

    v9_begin(&q.m, q.buf, sizeof(q.buf), P9_WALK);
    v9_put_walk(&q.m, fid, new_fid, name);
    err = call(s, &q);
    return err ? err : v9_get_walk(&q.m, name, qid);
}

static int64_t get_time(struct v9_msg *m)
{
    uint64_t sec = p9_get64(&m->p), nsec = p9_get64(&m->p);

    return (int64_t)(sec * NSEC_PER_SEC + nsec);
}

void v9_put_getattr(struct v9_msg *m, const struct v9_session *s, uint32_t fid)
{
    p9_put32(&m->p, fid);
    p9_put64(&m->p, GETATTR_BASIC | (s->notice ? P9_GETATTR_LEASE : 0));
}

int v9_get_attr(struct v9_msg *m, struct v9_attr *out)
{
    struct kstat *st = &out->st;
    uint64_t valid = p9_get64(&m->p);

    memset(out, 0, sizeof(*out));
    v9_get_qid(m, &out->qid);
    st->ino = out->qid.path;
    st->mode = p9_get32(&m->p);
    st->uid = p9_get32(&m->p);
    st->gid = p9_get32(&m->p);
    st->nlink = (uint32_t)p9_get64(&m->p);
    st->rdev = p9_get64(&m->p);
    st->size_bytes = p9_get64(&m->p);
    st->blksize = (uint32_t)p9_get64(&m->p);
    st->blocks = p9_get64(&m->p);
    st->atime_ns = get_time(m);
    st->mtime_ns = get_time(m);
    st->ctime_ns = get_time(m);
    st->btime_ns = st->ctime_ns < st->mtime_ns ? st->ctime_ns : st->mtime_ns;
    p9_get64(&m->p); /* time of birth, which is not asked for */
    p9_get64(&m->p);
    out->hint = (int32_t)p9_get64(&m->p);
    out->leased = valid & P9_GETATTR_LEASE;
    out->seq = m->seq;
    return m->p.bad || (int64_t)st->size_bytes < 0 ? -EIO : 0;
}

int v9_getattr(struct v9_session *s, uint32_t fid, struct v9_attr *out)
{
    struct small q;
    int err;

    v9_begin(&q.m, q.buf, sizeof(q.buf), P9_GETATTR);
    v9_put_getattr(&q.m, s, fid);
    err = call(s, &q);
    return err ? err : v9_get_attr(&q.m, out);
}

static void put_time(struct v9_msg *m, int64_t ns)
{
    int64_t sec = ns / (int64_t)NSEC_PER_SEC;

    if (ns < sec * (int64_t)NSEC_PER_SEC)
        sec--; /* before 1970 */
    p9_put64(&m->p, (uint64_t)sec);
    p9_put64(&m->p, (uint64_t)(ns - sec * (int64_t)NSEC_PER_SEC));
}

int v9_setattr(struct v9_session *s, uint32_t fid, const struct iattr *attr)
{
    uint32_t valid = attr->valid; /* ATTR_* are the protocol's bits */
    struct small q;

    if (valid & ATTR_ATIME)
        valid |= SET_ATIME_TO;
    if (valid & ATTR_MTIME)
        valid |= SET_MTIME_TO;
    begin(&q, P9_SETATTR, fid);
    p9_put32(&q.m.p, valid);
    p9_put32(&q.m.p, attr->mode);
    p9_put32(&q.m.p, attr->uid);
    p9_put32(&q.m.p, attr->gid);
    p9_put64(&q.m.p, attr->size_bytes);
    put_time(&q.m, attr->atime_ns);
    put_time(&q.m, attr->mtime_ns);
    return call(s, &q);
}

int v9_mkdir(struct v9_session *s, uint32_t fid, const char *name,
             uint32_t mode)
{
    struct small q;

    begin(&q, P9_MKDIR, fid);
    put_name(&q, name);
    p9_put32(&q.m.p, mode);
    p9_put32(&q.m.p, 0);
    return call(s, &q);
}

int v9_mknod(struct v9_session *s, uint32_t fid, const char *name,
             uint32_t mode, uint64_t rdev)
{
    struct small q;

    begin(&q, P9_MKNOD, fid);
    put_name(&q, name);
    p9_put32(&q.m.p, mode);
    p9_put32(&q.m.p, (uint32_t)(rdev >> 8));
    p9_put32(&q.m.p, rdev & 0xff);
    p9_put32(&q.m.p, 0);
    return call(s, &q);
}

int v9_symlink(struct v9_session *s, uint32_t fid, const char *name,
               const char *target)
{
    uint8_t *buf = kmalloc(V9_SMALL);
    struct v9_msg m;
    int err;

    if (!buf)
        return -ENOMEM;
    v9_begin(&m, buf, V9_SMALL, P9_SYMLINK);
    p9_put32(&m.p, fid);
    p9_put_str(&m.p, name, strlen(name));
    p9_put_str(&m.p, target, strlen(target));
    p9_put32(&m.p, 0);
    err = v9_call(s, &m);
    kfree(buf);
    return err;
}

int v9_link(struct v9_session *s, uint32_t dir_fid, uint32_t fid,
            const char *name)
{
    struct small q;

    begin(&q, P9_LINK, dir_fid);
    p9_put32(&q.m.p, fid);
    put_name(&q, name);
    return call(s, &q);
}

void v9_put_unlinkat(struct v9_msg *m, uint32_t fid, const char *name,
                     bool directory)
{
    p9_put32(&m->p, fid);
    p9_put_str(&m->p, name, strlen(name));
    p9_put32(&m->p, directory ? UNLINK_DIRECTORY : 0);
}

void v9_put_renameat(struct v9_msg *m, uint32_t old_fid, const char *old_name,
                     uint32_t new_fid, const char *new_name, uint32_t flags)
{
    p9_put32(&m->p, old_fid);
    p9_put_str(&m->p, old_name, strlen(old_name));
    p9_put32(&m->p, new_fid);
    p9_put_str(&m->p, new_name, strlen(new_name));
    if (flags)
        p9_put32(&m->p, flags);
}

int v9_readlink(struct v9_session *s, uint32_t fid, char *buf,
                size_t size_bytes)
{
    uint8_t *reply = kmalloc(V9_SMALL);
    const char *target;
    struct v9_msg m;
    size_t len = 0;
    int err;

    if (!reply)
        return -ENOMEM;
    v9_begin(&m, reply, V9_SMALL, P9_READLINK);
    p9_put32(&m.p, fid);
    err = v9_call(s, &m);
    if (!err) {
        target = p9_get_str(&m.p, &len);
        err = target && len <= PATH_MAX ? 0 : -EIO;
    }
    if (!err) {
        len = len < size_bytes ? len : size_bytes;
        memcpy(buf, target, len);
    }
    kfree(reply);
    return err ? err : (int)len;
}

int v9_fsync(struct v9_session *s, uint32_t fid, bool data_only)
{
    struct small q;

    begin(&q, P9_FSYNC, fid);
    p9_put32(&q.m.p, data_only);
    return call(s, &q);
}

int v9_statfs(struct v9_session *s, uint32_t fid, struct kstatfs *out)
{
    struct small q;
    int err;

    begin(&q, P9_STATFS, fid);
    err = call(s, &q);
    if (err)
        return err;
    out->type = p9_get32(&q.m.p);
    out->bsize = p9_get32(&q.m.p);
    out->blocks = p9_get64(&q.m.p);
    out->bfree = p9_get64(&q.m.p);
    p9_get64(&q.m.p); /* for who is not root */
    out->files = p9_get64(&q.m.p);
    out->ffree = p9_get64(&q.m.p);
    return q.m.p.bad ? -EIO : 0;
}
