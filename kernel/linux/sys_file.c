/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole files: allocation, synchronisation, advice, copies between files.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/memfd.h>
#include <linux/stat.h>

#include "kernel/core/alloc.h"
#include "kernel/core/uaccess.h"
#include "kernel/fs/ext4/mount.h"
#include "kernel/fs/tmpfs/tmpfs.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/uoff.h"
#include "kernel/sched/signal.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/inode.h"
#include "kernel/vfs/vfs.h"
#include "lib/string.h"

enum { COPY_BYTES = 65536, PUSH_BYTES = 1 << 20 };
#define RW_COUNT_MAX UINT64_C(0x7ffff000)

int64_t sys_fallocate(struct abi_frame *r)
{
    struct file *f = fd_file((int)r->rdi);
    int64_t off = (int64_t)r->rdx, len = (int64_t)r->r10, end;

    if (off < 0 || len <= 0)
        return -EINVAL;
    if (!f || (f->flags & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    if (__builtin_add_overflow(off, len, &end))
        return -EFBIG;
    if (f->inode && S_ISREG(f->inode->mode) && !r->rsi &&
        (uint64_t)end > f->inode->size_bytes &&
        inode_check_size((uint64_t)end) < 0)
        return -EFBIG;
    if (!f->ops->fallocate)
        return f->inode && S_ISFIFO(f->inode->mode) ? -ESPIPE : -EOPNOTSUPP;
    file_get(f);
    off = f->ops->fallocate(f, (int)r->rsi, (uint64_t)off, (uint64_t)len);
    file_put(f);
    return off;
}

static int64_t sync_fd(int fd, bool data_only)
{
    struct file *f = fd_file(fd);
    int err;

    if (!f || (f->flags & O_PATH))
        return -EBADF;
    if (!f->ops->sync)
        return -EINVAL;
    file_get(f);
    err = f->ops->sync(f, data_only);
    file_put(f);
    return err;
}

int64_t sys_fsync(struct abi_frame *r)
{
    return sync_fd((int)r->rdi, false);
}

int64_t sys_fdatasync(struct abi_frame *r)
{
    return sync_fd((int)r->rdi, true);
}

int64_t sys_sync_file_range(struct abi_frame *r)
{
    const struct file *f = fd_file((int)r->rdi);

    if (!f)
        return -EBADF;
    if ((int64_t)r->rsi < 0 || (int64_t)r->rdx < 0 || (r->r10 & ~UINT64_C(7)))
        return -EINVAL;
    if (!f->inode || (!S_ISREG(f->inode->mode) && !S_ISDIR(f->inode->mode)))
        return -ESPIPE;
    return sync_fd((int)r->rdi, true);
}

/* Everything else that is written is in memory, or with the server already. */
int64_t sys_sync(struct abi_frame *r)
{
    (void)r;
    ext4_sync_all(); /* sync(2) tells no errors */
    return 0;
}

int64_t sys_syncfs(struct abi_frame *r)
{
    return fd_file((int)r->rdi) ? ext4_sync_all() : -EBADF;
}

/* Advice is not needed: files are in memory. */
int64_t sys_fadvise64(struct abi_frame *r)
{
    struct file *f = fd_file((int)r->rdi);

    if (!f)
        return -EBADF;
    if (!f->ops->seek)
        return -ESPIPE;
    return r->r10 > 5 || (int64_t)r->rdx < 0 ? -EINVAL : 0;
}

int64_t sys_readahead(struct abi_frame *r)
{
    struct file *f = fd_file((int)r->rdi);

    if (!f || (f->flags & O_ACCMODE) == O_WRONLY)
        return -EBADF;
    return f->inode && S_ISREG(f->inode->mode) ? 0 : -EINVAL;
}

int64_t sys_memfd_create(struct abi_frame *r)
{
    char name[250]; /* NAME_MAX less the prefix */
    uint32_t flags = (uint32_t)r->rsi;
    struct file *f;
    int64_t err;

    if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING))
        return -EINVAL;
    err = strncpy_from_user(name, r->rdi, sizeof(name));
    if (err < 0)
        return err == -ENAMETOOLONG ? -EINVAL : err;
    err = tmpfs_memfd(name, flags & MFD_ALLOW_SEALING, O_RDWR, &f);
    return err ? err : fd_install(f, 0, flags & MFD_CLOEXEC);
}

/* Lets out take the bytes, len at most, from where they lie: *n of them. What
 * it took, 0 if they cannot be lent, or -errno. */
static int64_t push_some(struct file *in, uint64_t off, struct file *out,
                         uint64_t *out_off, uint64_t len, uint64_t *n)
{
    struct loan *loan;
    struct uio_seg seg;
    struct uio u;
    const void *p;
    int64_t put;

    *n = len < PUSH_BYTES ? len : PUSH_BYTES;
    p = in->ops->lend(in, off, n, &loan);
    if (!p)
        return 0;
    uio_init(&u, &seg, (uintptr_t)p, *n, true);
    u.loan = loan;
    u.more = *n < len && off + *n < in->inode->size_bytes;
    put = out->ops->write(out, &u, out_off);
    loan_put(loan);
    return put;
}

/* Stops at what cannot be lent, and when out does not take all. */
static int64_t push(struct file *in, uint64_t *in_off, struct file *out,
                    uint64_t *out_off, uint64_t len)
{
    int64_t done = 0;

    while (in->ops->lend && (uint64_t)done < len) {
        uint64_t n;
        int64_t put =
            push_some(in, *in_off, out, out_off, len - (uint64_t)done, &n);

        if (put <= 0)
            return done ? done : put;
        *in_off += (uint64_t)put;
        done += put;
        if ((uint64_t)put < n || signal_pending())
            break;
    }
    return done;
}

/* Moves up to len bytes through buf. The offsets advance by what was written;
 * what was read but not taken is read again next time. */
static int64_t pump(struct file *in, uint64_t *in_off, struct file *out,
                    uint64_t *out_off, uint64_t len, uint8_t *buf)
{
    int64_t done = 0;

    while ((uint64_t)done < len) {
        uint64_t n = len - done < COPY_BYTES ? len - done : COPY_BYTES;
        uint64_t at = *in_off;
        struct uio_seg seg;
        struct uio u;
        int64_t got, put;

        uio_init(&u, &seg, (uintptr_t)buf, n, true);
        got = in->ops->read(in, &u, &at);
        if (got <= 0)
            return done ? done : got;
        uio_init(&u, &seg, (uintptr_t)buf, got, true);
        put = out->ops->write(out, &u, out_off);
        if (put <= 0)
            return done ? done : put;
        *in_off += put;
        done += put;
        if (put < got || signal_pending())
            break;
    }
    return done;
}

static int64_t pump_buffered(struct file *in, uint64_t *in_off,
                             struct file *out, uint64_t *out_off, uint64_t len)
{
    uint8_t *buf = page_alloc(COPY_BYTES / ABI_PAGE_SIZE);
    int64_t n = buf ? pump(in, in_off, out, out_off, len, buf) : -ENOMEM;

    if (buf)
        page_free(buf, COPY_BYTES / ABI_PAGE_SIZE);
    return n;
}

/* The caller holds both. Until out has done with the bytes, the file may
 * change: then what is sent is old or new, as on Linux. */
static int64_t copy(struct file *in, uint64_t *in_off, struct file *out,
                    uint64_t *out_off, uint64_t len)
{
    int64_t n;

    len = len < RW_COUNT_MAX ? len : RW_COUNT_MAX;
    n = in->inode == out->inode ? 0 : push(in, in_off, out, out_off, len);
    if (n == 0 && len)
        n = pump_buffered(in, in_off, out, out_off, len);
    return n;
}

static bool can_read(struct file *f)
{
    return f && (f->flags & O_ACCMODE) != O_WRONLY && f->ops->read;
}

static bool can_write(struct file *f)
{
    return f && (f->flags & O_ACCMODE) != O_RDONLY && f->ops->write;
}

int64_t sys_sendfile(struct abi_frame *r)
{
    struct file *out = fd_file((int)r->rdi), *in = fd_file((int)r->rsi);
    uint64_t off;
    int64_t n;

    if (!can_read(in) || !can_write(out))
        return -EBADF;
    if (!in->ops->seek)
        return r->rdx ? -ESPIPE : -EINVAL;
    if (out->flags & O_APPEND)
        return -EINVAL;
    n = uoff_get(r->rdx, in, &off);
    if (n)
        return n;
    file_get(in);
    file_get(out);
    n = copy(in, &off, out, &out->off, r->r10);
    if (n > 0 && uoff_put(r->rdx, in, off))
        n = -EFAULT;
    file_put(in);
    file_put(out);
    return n;
}

static int64_t check_copy(struct file *in, struct file *out, uint32_t flags)
{
    if (flags)
        return -EINVAL;
    if (in->inode && out->inode &&
        (S_ISDIR(in->inode->mode) || S_ISDIR(out->inode->mode)))
        return -EISDIR;
    if (!can_read(in) || !can_write(out) || (out->flags & O_APPEND))
        return -EBADF;
    if (!in->inode || !out->inode)
        return -EINVAL;
    if (!S_ISREG(in->inode->mode) || !S_ISREG(out->inode->mode))
        return -EINVAL;
    return 0;
}

int64_t sys_copy_file_range(struct abi_frame *r)
{
    struct file *in = fd_file((int)r->rdi), *out = fd_file((int)r->rdx);
    uint64_t in_off, out_off, len = r->r8;
    int64_t n;

    if (!in || !out)
        return -EBADF;
    n = check_copy(in, out, (uint32_t)r->r9);
    if (!n)
        n = uoff_get(r->rsi, in, &in_off);
    if (!n)
        n = uoff_get(r->r10, out, &out_off);
    if (n)
        return n;
    len = len < RW_COUNT_MAX ? len : RW_COUNT_MAX;
    if (in_off >= in->inode->size_bytes)
        return 0;
    if (in->inode == out->inode && in_off < out_off + len &&
        out_off < in_off + len)
        return -EINVAL;
    file_get(in);
    file_get(out);
    n = copy(in, &in_off, out, &out_off, len);
    if (n > 0 &&
        (uoff_put(r->rsi, in, in_off) || uoff_put(r->r10, out, out_off)))
        n = -EFAULT;
    file_put(in);
    file_put(out);
    return n;
}
