/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read(2), write(2) and their vector and positioned forms.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "kernel/core/alloc.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/rw.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/inode.h"
#include "kernel/vfs/notify.h"

#define RW_COUNT_MAX UINT64_C(0x7ffff000)
enum { FAST_SEGS = 8 };

typedef int64_t rw_fn(struct file *f, struct uio *u, uint64_t *off);

static int64_t no_reader(struct file *f)
{
    if (f->flags & (O_WRONLY | O_PATH))
        return -EBADF;
    return f->inode && S_ISDIR(f->inode->mode) ? -EISDIR : -EINVAL;
}

static int64_t no_writer(struct file *f)
{
    return (f->flags & O_ACCMODE) == O_RDONLY ? -EBADF : -EINVAL;
}

/* The operation, or why not. */
static int64_t reader(int fd, struct file **f)
{
    *f = fd_file(fd);
    if (!*f)
        return -EBADF;
    if (!(*f)->ops->read || ((*f)->flags & O_ACCMODE) == O_WRONLY)
        return no_reader(*f);
    return 0;
}

static int64_t writer(int fd, struct file **f)
{
    *f = fd_file(fd);
    if (!*f)
        return -EBADF;
    if (((*f)->flags & O_ACCMODE) == O_RDONLY || !(*f)->ops->write)
        return no_writer(*f);
    return 0;
}

/* Keeps the file while fn sleeps, whoever closes the descriptor meanwhile. */
static int64_t run(struct file *f, rw_fn *fn, struct uio *u, uint64_t *off)
{
    int64_t n, err;

    file_get(f);
    n = fn(f, u, off);
    if (n > 0 && fn == f->ops->write && f->ops->sync &&
        (file_io_flags(f, u) & O_DSYNC)) {
        err = f->ops->sync(f, (file_io_flags(f, u) & O_SYNC) != O_SYNC);
        n = err ? err : n;
    }
    file_put(f);
    return n;
}

static int64_t user_uio(struct uio *u, struct uio_seg *seg, uint64_t base,
                        uint64_t len)
{
    if (!user_range_ok(base, len))
        return -EFAULT;
    if ((int64_t)len < 0)
        return -EINVAL;
    uio_init(u, seg, base, len < RW_COUNT_MAX ? len : RW_COUNT_MAX, false);
    return 0;
}

int64_t sys_read(struct abi_frame *r)
{
    struct file *f;
    struct uio u;
    struct uio_seg seg;
    int64_t err = reader((int)r->rdi, &f);

    if (!err)
        err = user_uio(&u, &seg, r->rsi, r->rdx);
    return err ? err : run(f, f->ops->read, &u, &f->off);
}

int64_t sys_write(struct abi_frame *r)
{
    struct file *f;
    struct uio u;
    struct uio_seg seg;
    int64_t err = writer((int)r->rdi, &f);

    if (!err)
        err = user_uio(&u, &seg, r->rsi, r->rdx);
    return err ? err : run(f, f->ops->write, &u, &f->off);
}

/* Files that cannot be positioned refuse the p-calls. */
static int64_t check_position(struct file *f, int64_t off)
{
    if (off < 0)
        return -EINVAL;
    return f->ops->seek ? 0 : -ESPIPE;
}

int64_t sys_pread64(struct abi_frame *r)
{
    struct file *f;
    struct uio u;
    struct uio_seg seg;
    uint64_t off = r->r10;
    int64_t err = reader((int)r->rdi, &f);

    if (!err)
        err = check_position(f, off);
    if (!err)
        err = user_uio(&u, &seg, r->rsi, r->rdx);
    return err ? err : run(f, f->ops->read, &u, &off);
}

int64_t sys_pwrite64(struct abi_frame *r)
{
    struct file *f;
    struct uio u;
    struct uio_seg seg;
    uint64_t off = r->r10;
    int64_t err = writer((int)r->rdi, &f);

    if (!err)
        err = check_position(f, off);
    if (!err)
        err = user_uio(&u, &seg, r->rsi, r->rdx);
    return err ? err : run(f, f->ops->write, &u, &off);
}

/* flags: O_* that hold for this call beside the file's own. */
static int64_t vector_flags(struct file *f, rw_fn *fn, struct abi_frame *r,
                            uint64_t *off, uint32_t flags)
{
    struct uio_seg stack[FAST_SEGS], *segs;
    struct uio u;
    int64_t n = uio_import(&u, r->rsi, r->rdx, stack, FAST_SEGS, &segs);

    u.flags = flags;
    if (!n)
        n = run(f, fn, &u, off);
    if (segs != stack)
        kfree(segs);
    return n;
}

static int64_t vector(struct file *f, rw_fn *fn, struct abi_frame *r,
                      uint64_t *off)
{
    return vector_flags(f, fn, r, off, 0);
}

int64_t sys_readv(struct abi_frame *r)
{
    struct file *f;
    int64_t err = reader((int)r->rdi, &f);

    return err ? err : vector(f, f->ops->read, r, &f->off);
}

int64_t sys_writev(struct abi_frame *r)
{
    struct file *f;
    int64_t err = writer((int)r->rdi, &f);

    return err ? err : vector(f, f->ops->write, r, &f->off);
}

int64_t sys_preadv(struct abi_frame *r)
{
    struct file *f;
    uint64_t off = r->r10;
    int64_t err = reader((int)r->rdi, &f);

    if (!err)
        err = check_position(f, off);
    return err ? err : vector(f, f->ops->read, r, &off);
}

int64_t sys_pwritev(struct abi_frame *r)
{
    struct file *f;
    uint64_t off = r->r10;
    int64_t err = writer((int)r->rdi, &f);

    if (!err)
        err = check_position(f, off);
    return err ? err : vector(f, f->ops->write, r, &off);
}

enum {
    RWF_KNOWN = RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND,
};

static uint32_t io_flags(uint64_t rwf)
{
    uint32_t flags = rwf & RWF_NOWAIT ? O_NONBLOCK : 0;

    if (rwf & RWF_APPEND)
        flags |= O_APPEND;
    if (rwf & RWF_DSYNC)
        flags |= O_DSYNC;
    if (rwf & RWF_SYNC)
        flags |= O_SYNC;
    return flags;
}

/* preadv2(2): an offset of -1 is the file's own; flags act on this call. */
static int64_t positioned(struct file *f, rw_fn *fn, struct abi_frame *r)
{
    uint64_t off = r->r10, *at = &off;
    int64_t err = 0;

    if (r->r9 & ~(uint64_t)RWF_KNOWN)
        return -EOPNOTSUPP;
    if ((int64_t)off == -1)
        at = &f->off;
    else
        err = check_position(f, (int64_t)off);
    return err ? err : vector_flags(f, fn, r, at, io_flags(r->r9));
}

int64_t sys_preadv2(struct abi_frame *r)
{
    struct file *f;
    int64_t err = reader((int)r->rdi, &f);

    return err ? err : positioned(f, f->ops->read, r);
}

int64_t sys_pwritev2(struct abi_frame *r)
{
    struct file *f;
    int64_t err = writer((int)r->rdi, &f);

    return err ? err : positioned(f, f->ops->write, r);
}

int64_t rw_check(bool write, int fd)
{
    struct file *f;

    return write ? writer(fd, &f) : reader(fd, &f);
}

int64_t rw_at(bool write, int fd, uptr_t buf, uint64_t len_bytes, int64_t off,
              uint64_t rwf)
{
    struct file *f;
    struct uio u;
    struct uio_seg seg;
    uint64_t at = (uint64_t)off;
    int64_t err = write ? writer(fd, &f) : reader(fd, &f);

    if (!err && rwf & ~(uint64_t)RWF_KNOWN)
        err = -EOPNOTSUPP;
    if (!err && off < 0)
        err = -EINVAL;
    if (!err)
        err = user_uio(&u, &seg, buf, len_bytes);
    if (err)
        return err;
    u.flags = io_flags(rwf);
    return run(f, write ? f->ops->write : f->ops->read, &u,
               f->ops->seek ? &at : &f->off);
}

int64_t sys_lseek(struct abi_frame *r)
{
    struct file *f = fd_file((int)r->rdi);
    int64_t off;

    if (!f || (f->flags & O_PATH))
        return -EBADF;
    if (!f->ops->seek)
        return -ESPIPE;
    file_get(f);
    off = f->ops->seek(f, (int64_t)r->rsi, (int)r->rdx);
    file_put(f);
    return off;
}
