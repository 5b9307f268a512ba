/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the bytes of a read or write come from or go to: segments of program
 * or kernel memory, consumed front to back.
 */
#ifndef EINKORN_KERNEL_VFS_UIO_H
#define EINKORN_KERNEL_VFS_UIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/core/loan.h"

struct uio_seg {
    uint64_t base;
    uint64_t len_bytes;
};

struct uio {
    struct uio_seg *segs;
    size_t nr_segs;
    size_t done_bytes;  /* consumed of the first segment */
    size_t resid_bytes; /* left in all */
    uint32_t flags;     /* O_* of this call alone, beside the file's */
    bool kernel;        /* segments are kernel memory */
    bool more;          /* the same call will soon write more */
    /* Who writes may keep references to the memory instead of copies, as long
     * as it holds this; NULL: it may not. */
    struct loan *loan;
};

/* One segment; seg is the caller's and must outlive the uio. */
void uio_init(struct uio *u, struct uio_seg *seg, uint64_t base,
              size_t len_bytes, bool kernel);
/* iovec array of the program (at most 1024, as IOV_MAX); *segs is allocated
 * when more than `nr_stack` entries are needed, to be kfree'd if it is not
 * `stack`. 0 or -errno as readv(2). */
int uio_import(struct uio *u, uint64_t iov_uptr, size_t nr,
               struct uio_seg *stack, size_t nr_stack, struct uio_seg **segs);
/* Move up to len bytes between buf and the front of u. Returns the bytes that
 * were moved (less than len only at the end of u), or -EFAULT if none were. */
int64_t uio_put(struct uio *u, const void *buf, size_t len_bytes); /* to u */
int64_t uio_get(struct uio *u, void *buf, size_t len_bytes);       /* from u */
int64_t uio_zero(struct uio *u, size_t len_bytes);
/* The next contiguous memory, *len bytes of it; NULL at the end. It is given,
 * not consumed: uio_skip() does that. Kernel memory only. */
const void *uio_front(struct uio *u, size_t *len_bytes);
void uio_skip(struct uio *u, size_t len_bytes);

#endif
