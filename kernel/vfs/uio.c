/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Segments of memory that reads fill and writes drain.
 */
#include "kernel/vfs/uio.h"

#include <linux/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/core/uaccess.h"
#include "lib/string.h"

enum { IOV_COUNT_MAX = 1024 };
#define RW_COUNT_MAX UINT64_C(0x7ffff000) /* Linux's MAX_RW_COUNT */

void uio_init(struct uio *u, struct uio_seg *seg, uint64_t base,
              size_t len_bytes, bool kernel)
{
    seg->base = base;
    seg->len_bytes = len_bytes;
    u->segs = seg;
    u->nr_segs = 1;
    u->done_bytes = 0;
    u->resid_bytes = len_bytes;
    u->flags = 0;
    u->kernel = kernel;
    u->more = false;
    u->loan = NULL;
}

static int check(struct uio *u)
{
    uint64_t total = 0;

    for (size_t i = 0; i < u->nr_segs; i++) {
        struct uio_seg *seg = &u->segs[i];

        if ((int64_t)seg->len_bytes < 0)
            return -EINVAL;
        if (!user_range_ok(seg->base, seg->len_bytes))
            return -EFAULT;
        if (seg->len_bytes > RW_COUNT_MAX - total)
            seg->len_bytes = RW_COUNT_MAX - total;
        total += seg->len_bytes;
    }
    u->resid_bytes = total;
    return 0;
}

int uio_import(struct uio *u, uint64_t iov_uptr, size_t nr,
               struct uio_seg *stack, size_t nr_stack, struct uio_seg **segs)
{
    int err;

    *segs = stack;
    if (nr > IOV_COUNT_MAX)
        return -EINVAL;
    if (nr > nr_stack) {
        *segs = kmalloc(nr * sizeof(**segs));
        if (!*segs) {
            *segs = stack;
            return -ENOMEM;
        }
    }
    /* struct iovec and struct uio_seg have the same layout */
    err = copy_from_user(*segs, iov_uptr, nr * sizeof(**segs));
    if (err)
        return err;
    u->segs = *segs;
    u->nr_segs = nr;
    u->done_bytes = 0;
    u->flags = 0;
    u->kernel = u->more = false;
    u->loan = NULL;
    return check(u);
}

/* The next contiguous piece of at most max bytes; 0 at the end. */
static size_t piece(struct uio *u, size_t max, uint64_t *addr)
{
    size_t len;

    while (u->nr_segs && u->done_bytes == u->segs->len_bytes) {
        u->segs++;
        u->nr_segs--;
        u->done_bytes = 0;
    }
    if (!u->nr_segs)
        return 0;
    *addr = u->segs->base + u->done_bytes;
    len = u->segs->len_bytes - u->done_bytes;
    return len < max ? len : max;
}

static void consume(struct uio *u, size_t len)
{
    u->done_bytes += len;
    u->resid_bytes -= len;
}

int64_t uio_put(struct uio *u, const void *buf, size_t len_bytes)
{
    size_t done = 0;

    while (done < len_bytes) {
        const char *from = (const char *)buf + done;
        uint64_t addr;
        size_t n = piece(u, len_bytes - done, &addr);

        if (!n)
            break;
        if (u->kernel)
            memcpy((void *)(uintptr_t)addr, from, n);
        else if (copy_to_user(addr, from, n))
            return done ? (int64_t)done : -EFAULT;
        consume(u, n);
        done += n;
    }
    return done;
}

int64_t uio_get(struct uio *u, void *buf, size_t len_bytes)
{
    size_t done = 0;

    while (done < len_bytes) {
        char *to = (char *)buf + done;
        uint64_t addr;
        size_t n = piece(u, len_bytes - done, &addr);

        if (!n)
            break;
        if (u->kernel)
            memcpy(to, (const void *)(uintptr_t)addr, n);
        else if (copy_from_user(to, addr, n))
            return done ? (int64_t)done : -EFAULT;
        consume(u, n);
        done += n;
    }
    return done;
}

int64_t uio_zero(struct uio *u, size_t len_bytes)
{
    size_t done = 0;

    while (done < len_bytes) {
        uint64_t addr;
        size_t n = piece(u, len_bytes - done, &addr);

        if (!n)
            break;
        if (u->kernel)
            memset((void *)(uintptr_t)addr, 0, n);
        else if (clear_user(addr, n))
            return done ? (int64_t)done : -EFAULT;
        consume(u, n);
        done += n;
    }
    return done;
}

const void *uio_front(struct uio *u, size_t *len_bytes)
{
    uint64_t addr;

    *len_bytes = piece(u, u->resid_bytes, &addr);
    return *len_bytes ? (const void *)(uintptr_t)addr : NULL;
}

void uio_skip(struct uio *u, size_t len_bytes)
{
    while (len_bytes) {
        uint64_t addr;
        size_t n = piece(u, len_bytes, &addr);

        consume(u, n);
        len_bytes -= n;
    }
}
