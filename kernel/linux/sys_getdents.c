/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is in a directory: getdents64(2), and getdents(2), whose records are
 * as long, with the type at the end instead of before the name.
 */
#include <linux/errno.h>
#include <linux/stat.h>

#include "kernel/core/alloc.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/calls.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/inode.h"
#include "lib/string.h"

enum {
    OLD_MAX_BYTES = 32 << 10, /* fewer at once than asked for is fine */
    AT_LENGTH = 16,
    AT_TYPE = 18,
};

static int64_t get(int fd, uint64_t to, size_t len_bytes, bool kernel)
{
    struct file *f = fd_file(fd);
    struct uio_seg seg;
    struct uio u;
    int64_t n;

    if (!f)
        return -EBADF;
    if (!f->inode || !S_ISDIR(f->inode->mode))
        return -ENOTDIR;
    if (!f->ops->getdents)
        return -EBADF;
    if (!f->inode->nlink)
        return -ENOENT;
    uio_init(&u, &seg, to, len_bytes, kernel);
    file_get(f);
    n = f->ops->getdents(f, &u);
    file_put(f);
    return n;
}

int64_t sys_getdents64(struct abi_frame *r)
{
    return get((int)r->rdi, r->rsi, (uint32_t)r->rdx, false);
}

static void make_old(char *rec, uint16_t len_bytes)
{
    char type = rec[AT_TYPE];

    memmove(rec + AT_TYPE, rec + AT_TYPE + 1, len_bytes - AT_TYPE - 1);
    rec[len_bytes - 1] = type;
}

int64_t sys_getdents(struct abi_frame *r)
{
    size_t len_bytes = (uint32_t)r->rdx;
    uint16_t len;
    char *buf;
    int64_t n;

    len_bytes = len_bytes < OLD_MAX_BYTES ? len_bytes : OLD_MAX_BYTES;
    buf = kmalloc(len_bytes);
    if (!buf)
        return -ENOMEM;
    n = get((int)r->rdi, (uintptr_t)buf, len_bytes, true);
    for (int64_t at = 0; at < n; at += len) {
        memcpy(&len, buf + at + AT_LENGTH, sizeof(len));
        make_old(buf + at, len);
    }
    if (n > 0 && copy_to_user(r->rsi, buf, (size_t)n))
        n = -EFAULT;
    kfree(buf);
    return n;
}
