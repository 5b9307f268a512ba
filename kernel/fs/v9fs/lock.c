/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locks that others see who have the file: on the host all locks of this
 * instance are one owner's, a fid that is kept for them. One that may write
 * stays while somebody here has the file open for writing, since the host
 * takes its end for a change.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>

#include "kernel/fs/v9fs/v9.h"
#include "kernel/vfs/lock.h"

static int open_lock_fid(struct v9_inode *v, bool write)
{
    int err = -EACCES;

    v->lock_fid_writes = write && !(v->fs->super.flags & SUPER_RDONLY);
    if (v->lock_fid_writes)
        err = v9_open_fid(v, O_RDWR, &v->lock_fid);
    if (!err || (err != -EACCES && err != -EROFS && err != -EPERM))
        return err;
    v->lock_fid_writes = false;
    return v9_open_fid(v, O_RDONLY, &v->lock_fid);
}

/* Write locks need a fid that may write. 1: it is a new one, without locks. */
static int need_lock_fid(struct v9_inode *v, bool write)
{
    bool had = v->lock_fid != 0;
    int err;

    if (had && (!write || v->lock_fid_writes || v->lock_fid_final))
        return 0;
    if (had)
        v9_clunk(v9_session(v), v->lock_fid);
    v->lock_fid = 0;
    err = open_lock_fid(v, write || v->nr_writers);
    /* Who may not write to it locks it for reading; more is not to be had. */
    v->lock_fid_final = !v->lock_fid_writes && write;
    return err ? err : had;
}

void v9_drop_lock_fid(struct v9_inode *v)
{
    if (!v->lock_fid || lock_any(&v->inode) ||
        (v->lock_fid_writes && v->nr_writers))
        return;
    v9_clunk(v9_session(v), v->lock_fid);
    v->lock_fid = 0;
}

/* What others wrote until they let us have it must be seen now. */
static void look_again(struct v9_inode *v)
{
    v->fs->looked_ns = 0;
    v9_look(v->fs);
    if (!v->refused)
        return;
    v->suspect = true;
    v9_refresh(v);
}

static int unlock(struct v9_inode *v, uint64_t start, uint64_t end)
{
    int err = 0;

    if (!v->lock_fid)
        return 0;
    v9_lock(v);
    v9_write_back_locked(v, 0, v->inode.size_bytes);
    v9_unlock(v);
    err = v9_set_lock(v9_session(v), v->lock_fid, F_UNLCK, start, end);
    v9_drop_lock_fid(v);
    return err;
}

int v9_lock_op(struct inode *inode, int type, uint64_t start, uint64_t end)
{
    struct v9_inode *v = v9_of(inode);
    int err;

    if (type == F_UNLCK)
        return unlock(v, start, end);
    err = need_lock_fid(v, type == F_WRLCK);
    if (err)
        return err;
    if (!v->lock_fid_writes)
        type = F_RDLCK;
    err = v9_set_lock(v9_session(v), v->lock_fid, type, start, end);
    if (err)
        v9_drop_lock_fid(v);
    else
        look_again(v);
    return err;
}

int v9_lock_get_op(struct inode *inode, struct lock_range *range)
{
    struct v9_inode *v = v9_of(inode);
    int err = need_lock_fid(v, range->type == F_WRLCK && !lock_any(inode));

    if (err >= 0)
        err = v9_get_lock(v9_session(v), v->lock_fid, range);
    if (range->type != F_UNLCK)
        range->pid = -1; /* an open file description's, as far as is known */
    v9_drop_lock_fid(v);
    return err;
}
