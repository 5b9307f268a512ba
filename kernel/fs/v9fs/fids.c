/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opened fids of a file: one for all readers, which stays, and one for all
 * writers, which goes with the last of them so that the host does not see the
 * file as being written for longer than it is.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>

#include "kernel/fs/v9fs/v9.h"

static int open_fid(struct v9_inode *v, uint32_t flags, uint32_t *out)
{
    struct v9_session *s = v9_session(v);
    uint32_t fid = v9_new_fid(s);
    int err;

    if (!v->fid)
        return -ENOENT; /* removed on the host */
    err = v9_walk(s, v->fid, fid, NULL, NULL);
    if (err)
        return err;
    err = v9_lopen(s, fid, flags);
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
        err = open_fid(v, O_RDONLY, &opened);
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

        err = open_fid(v, O_RDWR, &opened);
        if (err == -EACCES && !reads) {
            both = false;
            err = open_fid(v, O_WRONLY, &opened);
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

void v9_drop_writer(struct v9_inode *v)
{
    if (--v->nr_writers || !v->write_fid)
        return;
    v9_clunk(v9_session(v), v->write_fid);
    v->write_fid = 0;
}

void v9_drop_fids(struct v9_inode *v)
{
    if (v->read_fid)
        v9_clunk(v9_session(v), v->read_fid);
    if (v->write_fid)
        v9_clunk(v9_session(v), v->write_fid);
    if (v->fid)
        v9_clunk(v9_session(v), v->fid);
}
