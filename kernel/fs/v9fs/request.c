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
    BUF_BYTES = 640, /* two names and all fixed fields */
    GETATTR_BASIC = 0x7ff,
    SET_ATIME_TO = 128, /* the time that is given, not now */
    SET_MTIME_TO = 256,
    UNLINK_DIRECTORY = 0x200,
};

/* In Tgetattr's mask and Rgetattr's valid bits: of Einkorn's server alone. */
#define GETATTR_LEASE (UINT64_C(1) << 63)

struct small {
    struct v9_msg m;
    uint8_t buf[BUF_BYTES];
};

static void begin(struct small *q, uint8_t type, uint32_t fid)
{
    v9_begin(&q->m, q->buf, sizeof(q->buf), type);
    v9_put32(&q->m, fid);
}

static void put_name(struct small *q, const char *name)
{
    v9_puts(&q->m, name, strlen(name));
}

static int call(struct v9_session *s, struct small *q)
{
    return v9_call(s, &q->m, sizeof(q->buf));
}

int v9_walk(struct v9_session *s, uint32_t fid, uint32_t new_fid,
            const char *name, struct v9_qid *qid)
{
    struct small q;
    uint16_t nr;
    int err;

    begin(&q, TWALK, fid);
    v9_put32(&q.m, new_fid);
    v9_put16(&q.m, name ? 1 : 0);
    if (name)
        put_name(&q, name);
    err = call(s, &q);
    if (err)
        return err;
    nr = v9_get16(&q.m);
    if (name && nr == 1)
        v9_get_qid(&q.m, qid);
    return q.m.bad || nr != (name ? 1 : 0) ? -EIO : 0;
}

static int64_t get_time(struct v9_msg *m)
{
    uint64_t sec = v9_get64(m), nsec = v9_get64(m);

    return (int64_t)(sec * NSEC_PER_SEC + nsec);
}

int v9_getattr(struct v9_session *s, uint32_t fid, struct v9_attr *out)
{
    struct small q;
    struct kstat *st = &out->st;
    uint64_t valid;
    int err;

    begin(&q, TGETATTR, fid);
    v9_put64(&q.m, GETATTR_BASIC | (s->notice ? GETATTR_LEASE : 0));
    err = call(s, &q);
    if (err)
        return err;
    memset(out, 0, sizeof(*out));
    valid = v9_get64(&q.m);
    v9_get_qid(&q.m, &out->qid);
    st->ino = out->qid.path;
    st->mode = v9_get32(&q.m);
    st->uid = v9_get32(&q.m);
    st->gid = v9_get32(&q.m);
    st->nlink = (uint32_t)v9_get64(&q.m);
    st->rdev = v9_get64(&q.m);
    st->size_bytes = v9_get64(&q.m);
    st->blksize = (uint32_t)v9_get64(&q.m);
    st->blocks = v9_get64(&q.m);
    st->atime_ns = get_time(&q.m);
    st->mtime_ns = get_time(&q.m);
    st->ctime_ns = get_time(&q.m);
    st->btime_ns = st->ctime_ns < st->mtime_ns ? st->ctime_ns : st->mtime_ns;
    v9_get64(&q.m); /* time of birth, which is not asked for */
    v9_get64(&q.m);
    out->hint = (int32_t)v9_get64(&q.m);
    out->leased = valid & GETATTR_LEASE;
    out->seq = q.m.seq;
    return q.m.bad || (int64_t)st->size_bytes < 0 ? -EIO : 0;
}

static void put_time(struct v9_msg *m, int64_t ns)
{
    int64_t sec = ns / (int64_t)NSEC_PER_SEC;

    if (ns < sec * (int64_t)NSEC_PER_SEC)
        sec--; /* before 1970 */
    v9_put64(m, (uint64_t)sec);
    v9_put64(m, (uint64_t)(ns - sec * (int64_t)NSEC_PER_SEC));
}

int v9_setattr(struct v9_session *s, uint32_t fid, const struct iattr *attr)
{
    uint32_t valid = attr->valid; /* ATTR_* are the protocol's bits */
    struct small q;

    if (valid & ATTR_ATIME)
        valid |= SET_ATIME_TO;
    if (valid & ATTR_MTIME)
        valid |= SET_MTIME_TO;
    begin(&q, TSETATTR, fid);
    v9_put32(&q.m, valid);
    v9_put32(&q.m, attr->mode);
    v9_put32(&q.m, attr->uid);
    v9_put32(&q.m, attr->gid);
    v9_put64(&q.m, attr->size_bytes);
    put_time(&q.m, attr->atime_ns);
    put_time(&q.m, attr->mtime_ns);
    return call(s, &q);
}

int v9_lopen(struct v9_session *s, uint32_t fid, uint32_t flags)
{
    struct small q;

    begin(&q, TLOPEN, fid);
    v9_put32(&q.m, flags);
    return call(s, &q);
}

int v9_lcreate(struct v9_session *s, uint32_t fid, const char *name,
               uint32_t flags, uint32_t mode)
{
    struct small q;

    begin(&q, TLCREATE, fid);
    put_name(&q, name);
    v9_put32(&q.m, flags);
    v9_put32(&q.m, mode);
    v9_put32(&q.m, 0);
    return call(s, &q);
}

int v9_mkdir(struct v9_session *s, uint32_t fid, const char *name,
             uint32_t mode)
{
    struct small q;

    begin(&q, TMKDIR, fid);
    put_name(&q, name);
    v9_put32(&q.m, mode);
    v9_put32(&q.m, 0);
    return call(s, &q);
}

int v9_mknod(struct v9_session *s, uint32_t fid, const char *name,
             uint32_t mode, uint64_t rdev)
{
    struct small q;

    begin(&q, TMKNOD, fid);
    put_name(&q, name);
    v9_put32(&q.m, mode);
    v9_put32(&q.m, (uint32_t)(rdev >> 8));
    v9_put32(&q.m, rdev & 0xff);
    v9_put32(&q.m, 0);
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
    v9_begin(&m, buf, V9_SMALL, TSYMLINK);
    v9_put32(&m, fid);
    v9_puts(&m, name, strlen(name));
    v9_puts(&m, target, strlen(target));
    v9_put32(&m, 0);
    err = v9_call(s, &m, V9_SMALL);
    kfree(buf);
    return err;
}

int v9_link(struct v9_session *s, uint32_t dir_fid, uint32_t fid,
            const char *name)
{
    struct small q;

    begin(&q, TLINK, dir_fid);
    v9_put32(&q.m, fid);
    put_name(&q, name);
    return call(s, &q);
}

int v9_unlinkat(struct v9_session *s, uint32_t fid, const char *name,
                bool directory)
{
    struct small q;

    begin(&q, TUNLINKAT, fid);
    put_name(&q, name);
    v9_put32(&q.m, directory ? UNLINK_DIRECTORY : 0);
    return call(s, &q);
}

int v9_renameat(struct v9_session *s, uint32_t old_fid, const char *old_name,
                uint32_t new_fid, const char *new_name, uint32_t flags)
{
    struct small q;

    begin(&q, TRENAMEAT, old_fid);
    put_name(&q, old_name);
    v9_put32(&q.m, new_fid);
    put_name(&q, new_name);
    if (flags)
        v9_put32(&q.m, flags);
    return call(s, &q);
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
    v9_begin(&m, reply, V9_SMALL, TREADLINK);
    v9_put32(&m, fid);
    err = v9_call(s, &m, V9_SMALL);
    if (!err) {
        target = v9_gets(&m, &len);
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

    begin(&q, TFSYNC, fid);
    v9_put32(&q.m, data_only);
    return call(s, &q);
}

int v9_statfs(struct v9_session *s, uint32_t fid, struct kstatfs *out)
{
    struct small q;
    int err;

    begin(&q, TSTATFS, fid);
    err = call(s, &q);
    if (err)
        return err;
    out->type = v9_get32(&q.m);
    out->bsize = v9_get32(&q.m);
    out->blocks = v9_get64(&q.m);
    out->bfree = v9_get64(&q.m);
    v9_get64(&q.m); /* for who is not root */
    out->files = v9_get64(&q.m);
    out->ffree = v9_get64(&q.m);
    return q.m.bad ? -EIO : 0;
}
