/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mappings show the cache's own pages: what is mapped is read whole before,
 * since a page fault could not wait for the server.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>

#include "kernel/core/cpu.h"
#include "kernel/fs/v9fs/v9.h"
#include "kernel/vfs/mapped.h"

static struct v9_inode *of(struct backing *b)
{
    return container_of(b, struct v9_inode, backing);
}

static int map(struct backing *b, uint64_t off, uint64_t addr, size_t len,
               int prot, bool shared)
{
    uint64_t page = off / PAGE_BYTES, end = page + len / PAGE_BYTES;

    while (page < end) {
        int64_t shm = v9_page_shm(of(b), page), err;
        uint64_t nr = 1;

        if (shm < 0)
            return (int)shm;
        while (page + nr < end && v9_page_shm(of(b), page + nr) ==
                                      shm + (int64_t)(nr * PAGE_BYTES))
            nr++;
        err = platform.ops.shm_map(addr, nr * PAGE_BYTES, (uint32_t)prot,
                                   (uint64_t)shm, !shared);
        if (err)
            return (int)err;
        page += nr;
        addr += nr * PAGE_BYTES;
    }
    return 0;
}

static int prepare(struct backing *b, uint64_t off, size_t len)
{
    struct v9_inode *v = of(b);
    int err;

    v9_lock(v);
    err = v9_fill_range_locked(v, off, off + len);
    if (!err && v->map_writes)
        err = v9_remember_locked(v, off, off + len);
    v9_unlock(v);
    return err;
}

static int sync(struct backing *b, uint64_t off, uint64_t addr, size_t len,
                bool lasting)
{
    struct v9_inode *v = of(b);
    int err;

    (void)addr;
    v9_lock(v);
    err = v9_write_back_locked(v, off, off + len);
    v9_unlock(v);
    return err || !lasting || !v->write_fid
               ? err
               : v9_fsync(v9_session(v), v->write_fid, true);
}

static void release(struct backing *b)
{
    struct v9_inode *v = of(b);

    if (v->map_writes)
        v9_drop_writer(v);
    v->map_writes = false;
    mapped_release(&v->inode, &v->map_name);
}

static uint64_t size(struct backing *b)
{
    return of(b)->inode.size_bytes;
}

static int describe(struct backing *b, char *buf, size_t size_bytes,
                    uint64_t *ino)
{
    struct v9_inode *v = of(b);

    return mapped_describe(&v->inode, v->map_name, buf, size_bytes, ino);
}

const struct backing_ops v9_backing_ops = {
    .prepare = prepare,
    .map = map,
    .release = release,
    .size = size,
    .describe = describe,
    .sync = sync,
};

int v9_mmap(struct file *f, struct backing **out, int prot, bool shared)
{
    struct v9_inode *v = v9_of(f->inode);
    int err = v9_trusted(v) ? 0 : v9_refresh(v);

    (void)prot;
    if (err)
        return err;
    v9_lock(v);
    if (shared && (f->flags & O_ACCMODE) == O_RDWR && !v->map_writes) {
        err = v9_add_writer(v, true);
        v->map_writes = !err;
    }
    v9_unlock(v);
    if (err)
        return err;
    mapped_get(f, &v->backing, &v->map_name);
    *out = &v->backing;
    return 0;
}
