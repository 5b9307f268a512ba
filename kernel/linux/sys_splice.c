/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * splice(2), tee(2), vmsplice(2): the bytes are copied once more than Linux
 * does; nothing that was taken from a pipe is ever lost.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>

#include "kernel/core/alloc.h"
#include "kernel/core/uaccess.h"
#include "kernel/fs/pipe/pipe.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/uoff.h"
#include "kernel/vfs/file.h"

enum {
    SPLICE_NONBLOCK = 2,
    SPLICE_FLAGS = 15,
    CHUNK_BYTES = 65536,
    FAST_SEGS = 8,
};

static bool can_read(const struct file *f)
{
    return f && (f->flags & O_ACCMODE) != O_WRONLY && f->ops->read;
}

static bool can_write(const struct file *f)
{
    return f && (f->flags & O_ACCMODE) != O_RDONLY && f->ops->write;
}

static int64_t write_kernel(struct file *out, const void *buf, size_t len,
                            uint64_t *off)
{
    struct uio_seg seg;
    struct uio u;

    uio_init(&u, &seg, (uintptr_t)buf, len, true);
    return out->ops->write(out, &u, off);
}

static bool nonblock(const struct file *pipe, uint32_t flags)
{
    return (flags & SPLICE_NONBLOCK) || (pipe->flags & O_NONBLOCK);
}

/* One chunk out of a pipe; what out does not take stays there. */
static int64_t from_pipe(struct file *in, struct file *out, uint64_t *off,
                         size_t len, uint32_t flags, void *buf)
{
    int64_t n = pipe_wait_data(in, nonblock(in, flags));

    if (n <= 0)
        return n;
    n = write_kernel(out, buf, pipe_peek(in, buf, len), off);
    if (n > 0)
        pipe_skip(in, (size_t)n);
    return n;
}

/* One chunk into a pipe: no more is read than there is room for. */
static int64_t to_pipe(struct file *in, uint64_t *off, struct file *out,
                       size_t len, uint32_t flags, void *buf)
{
    int64_t n = pipe_wait_room(out, nonblock(out, flags));
    struct uio_seg seg;
    struct uio u;
    uint64_t unused = 0;

    if (n <= 0)
        return n;
    uio_init(&u, &seg, (uintptr_t)buf, len < (size_t)n ? len : (size_t)n, true);
    n = in->ops->read(in, &u, off);
    return n > 0 ? write_kernel(out, buf, (size_t)n, &unused) : n;
}

static int64_t move(struct file *in, uint64_t *in_off, struct file *out,
                    uint64_t *out_off, size_t len, uint32_t flags)
{
    void *buf = page_alloc(CHUNK_BYTES / ABI_PAGE_SIZE);
    int64_t n;

    if (!buf)
        return -ENOMEM;
    len = len < CHUNK_BYTES ? len : CHUNK_BYTES;
    n = pipe_is(in) ? from_pipe(in, out, out_off, len, flags, buf)
                    : to_pipe(in, in_off, out, len, flags, buf);
    page_free(buf, CHUNK_BYTES / ABI_PAGE_SIZE);
    return n;
}

int64_t sys_splice(struct abi_frame *r)
{
    struct file *in = fd_file((int)r->rdi), *out = fd_file((int)r->rdx);
    uint32_t flags = (uint32_t)r->r9;
    uint64_t in_off, out_off;
    int64_t n;

    if (!can_read(in) || !can_write(out))
        return -EBADF;
    if ((flags & ~SPLICE_FLAGS) || (!pipe_is(in) && !pipe_is(out)) ||
        in == out || (out->flags & O_APPEND) ||
        (pipe_is(in) && pipe_is(out) && in->data == out->data))
        return -EINVAL;
    n = uoff_get(r->rsi, in, &in_off);
    if (!n)
        n = uoff_get(r->r10, out, &out_off);
    if (n || !r->r8)
        return n;
    file_get(in);
    file_get(out);
    n = move(in, &in_off, out, &out_off, r->r8, flags);
    if (n > 0 &&
        (uoff_put(r->rsi, in, in_off) || uoff_put(r->r10, out, out_off)))
        n = -EFAULT;
    file_put(in);
    file_put(out);
    return n;
}

static int64_t duplicate(struct file *in, struct file *out, size_t len,
                         uint32_t flags, void *buf)
{
    int64_t n = pipe_wait_data(in, nonblock(in, flags));
    uint64_t unused = 0;

    if (n <= 0)
        return n;
    n = pipe_wait_room(out, nonblock(out, flags));
    if (n <= 0)
        return n;
    len = pipe_peek(in, buf, len < (size_t)n ? len : (size_t)n);
    return len ? write_kernel(out, buf, len, &unused) : 0;
}

int64_t sys_tee(struct abi_frame *r)
{
    struct file *in = fd_file((int)r->rdi), *out = fd_file((int)r->rsi);
    size_t len = r->rdx < CHUNK_BYTES ? r->rdx : CHUNK_BYTES;
    void *buf;
    int64_t n;

    if (!can_read(in) || !can_write(out))
        return -EBADF;
    if ((r->r10 & ~(uint64_t)SPLICE_FLAGS) || !pipe_is(in) || !pipe_is(out) ||
        in->data == out->data)
        return -EINVAL;
    if (!len)
        return 0;
    buf = page_alloc(CHUNK_BYTES / ABI_PAGE_SIZE);
    if (!buf)
        return -ENOMEM;
    file_get(in);
    file_get(out);
    n = duplicate(in, out, len, (uint32_t)r->r10, buf);
    file_put(in);
    file_put(out);
    page_free(buf, CHUNK_BYTES / ABI_PAGE_SIZE);
    return n;
}

/* Program memory to or from a pipe: a copy, as write(2) or read(2). */
int64_t sys_vmsplice(struct abi_frame *r)
{
    struct file *f = fd_file((int)r->rdi);
    struct uio_seg stack[FAST_SEGS], *segs;
    struct uio u;
    uint64_t unused = 0;
    int64_t n;

    if (!f || !pipe_is(f))
        return -EBADF;
    if (r->r10 & ~(uint64_t)SPLICE_FLAGS)
        return -EINVAL;
    n = uio_import(&u, r->rsi, r->rdx, stack, FAST_SEGS, &segs);
    file_get(f);
    if (!n && u.resid_bytes) {
        if (can_write(f))
            n = pipe_wait_room(f, nonblock(f, (uint32_t)r->r10));
        else
            n = pipe_wait_data(f, nonblock(f, (uint32_t)r->r10));
        if (n > 0)
            n = can_write(f) ? f->ops->write(f, &u, &unused)
                             : f->ops->read(f, &u, &unused);
    }
    file_put(f);
    if (segs != stack)
        kfree(segs);
    return n;
}
