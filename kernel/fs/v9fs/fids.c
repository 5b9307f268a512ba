/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opened fids of a file: one for all readers, which stays, and one for all
 * writers, which goes with the last of them so that the host does not see the
 * file as being written for longer than it is.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>

#include "kernel/fs/v9fs/chain.h"
#include "kernel/fs/v9fs/v9.h"

int v9_open_fid(struct v9_inode *v, uint32_t flags, uint32_t *out)
{
    struct v9_session *s = v9_session(v);
    uint32_t fid = v9_new_fid(s);
    uint8_t buf[V9_HEAD + 64];
    struct v9_chain c;
    int err;

    if (!v->fid)
        return -ENOENT; /* removed on the host */
    v9_chain_begin(&c, buf, sizeof(buf));
    v9_chain_walk(&c, v->fid, fid, NULL);
    v9_chain_add(&c, P9_LOPEN);
    p9_put32(&c.m.p, fid);
    p9_put32(&c.m.p, flags);
    err = v9_chain_send(&c, s);
    if (!err)
        err = v9_chain_walked(&c, NULL, NULL);
    if (err)
        return err;
    err = v9_chain_next(&c);
    if (err)
        v9_clunk(s, fid);
    else
        *out = fid;
    return err;
}

/* Keeps fid in its place, unless another was faster. */
static void keep(struct v9_inode *v, uint32_t *place, uint32_t fid)
{
    if (*place)
        v9_clunk(v9_session(v), fid);
    else
        *place = fid;
}

int v9_reader(struct v9_inode *v, uint32_t *fid)
{
    uint32_t opened;
    int err;

    if (!v->read_fid && v->write_fid && v->write_fid_reads) {
        *fid = v->write_fid;
        return 0;
    }
    if (!v->read_fid) {
        err = v9_open_fid(v, O_RDONLY, &opened);
        if (err)
            return err;
        keep(v, &v->read_fid, opened);
    }
    *fid = v->read_fid;
    return 0;
}

int v9_add_writer(struct v9_inode *v, bool reads)
{
    uint32_t opened;
    int err;

    if (!v->write_fid) {
        bool both = true;

        err = v9_open_fid(v, O_RDWR, &opened);
        if (err == -EACCES && !reads) {
            both = false;
            err = v9_open_fid(v, O_WRONLY, &opened);
        }
        if (err)
            return err;
        if (!v->write_fid)
            v->write_fid_reads = both;
        keep(v, &v->write_fid, opened);
    }
    v->nr_writers++;
    return 0;
}

static void clunk(struct v9_inode *v, uint32_t *place)
{
    if (*place)
        v9_clunk(v9_session(v), *place);
    *place = 0;
}

int v9_appender(struct v9_inode *v)
{
    uint32_t opened;
    int err;

    if (v->append_fid)
        return 0;
    err = v9_open_fid(v, O_WRONLY | O_APPEND | P9_OPEN_TELLS, &opened);
    if (!err)
        keep(v, &v->append_fid, opened);
    return err;
}

void v9_drop_writer(struct v9_inode *v)
{
    if (--v->nr_writers)
        return;
    clunk(v, &v->write_fid);
    clunk(v, &v->append_fid);
    v9_drop_lock_fid(v);
}

void v9_drop_fids(struct v9_inode *v)
{
    clunk(v, &v->read_fid);
    clunk(v, &v->write_fid);
    clunk(v, &v->append_fid);
    clunk(v, &v->lock_fid);
    clunk(v, &v->fid);
}
