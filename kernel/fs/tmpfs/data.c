/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file's bytes, in the runs of extents.c: where they are, copying them up,
 * cutting and zeroing. Bytes behind the end of the file are zero.
 */
#include <linux/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/fs/tmpfs/tnode.h"
#include "kernel/mm/shm.h"
#include "lib/string.h"

static int text_copy_up(struct tnode *t)
{
    uint64_t size = t->inode.size_bytes, n = size;
    int err = data_ensure(t, 0, data_pages(size));

    if (err)
        return err;
    memcpy(data_run(t, 0, &n), t->text, size);
    kfree(t->text);
    t->text = NULL;
    return 0;
}

int data_copy_up(struct tnode *t)
{
    const struct erofs *fs = t->fs->lower;
    uint64_t size = t->inode.size_bytes;
    int err;

    if (t->text)
        return text_copy_up(t);
    if (!t->lower_data)
        return 0;
    err = data_ensure(t, 0, data_pages(size));
    if (err)
        return err;
    for (uint64_t off = 0; off < size;) {
        uint64_t n = size - off;
        void *to = data_run(t, off, &n);
        const void *from = erofs_data(fs, &t->node, off, &n);

        if (!from)
            return -EIO;
        memcpy(to, from, n);
        off += n;
    }
    t->lower_data = t->backing.sealed = false;
    tnode_keep(t);
    return 0;
}

static void zero_bytes(struct tnode *t, uint64_t off, uint64_t end)
{
    while (off < end) {
        uint64_t n = end - off;
        void *p = data_run(t, off, &n);

        if (p)
            memset(p, 0, n);
        off += n;
    }
}

static void zero_pages(struct tnode *t, uint64_t page, uint64_t end)
{
    for (uint32_t i = data_find(t, page); i < t->nr_extents; i++) {
        struct extent *e = &t->extents[i];
        uint64_t from = page > e->page ? page : e->page;
        uint64_t to = end < data_end(e) ? end : data_end(e);

        if (from >= to)
            break;
        shm_zero(e->shm_off + (from - e->page) * PAGE_BYTES, to - from);
    }
}

void data_punch(struct tnode *t, uint64_t off, uint64_t len_bytes)
{
    uint64_t end = off + len_bytes;
    uint64_t first = data_pages(off), last = end / PAGE_BYTES;

    if (first > last) { /* inside one page */
        zero_bytes(t, off, end);
        return;
    }
    zero_bytes(t, off, first * PAGE_BYTES);
    zero_pages(t, first, last);
    zero_bytes(t, last * PAGE_BYTES, end);
}

void data_trim(struct tnode *t)
{
    uint64_t limit = data_pages(t->inode.size_bytes);

    while (t->nr_extents) {
        struct extent *e = &t->extents[t->nr_extents - 1];
        uint64_t keep = e->page < limit ? limit - e->page : 0;

        if (keep < e->nr_pages) {
            shm_free(e->shm_off + keep * PAGE_BYTES, e->nr_pages - keep);
            e->nr_pages = keep;
        }
        if (keep)
            break;
        t->nr_extents--;
    }
}

int data_truncate(struct tnode *t, uint64_t size_bytes)
{
    uint64_t old = t->inode.size_bytes;
    int err = 0;

    if (t->text && size_bytes == 0) {
        kfree(t->text);
        t->text = NULL;
    }
    if (t->lower_data && size_bytes == 0) {
        t->lower_data = t->backing.sealed = false;
        tnode_keep(t);
    }
    if (size_bytes != old)
        err = data_copy_up(t);
    if (err)
        return err;
    t->inode.size_bytes = size_bytes;
    if (size_bytes < old) {
        mm_truncated(&t->backing);
        data_trim(t); /* not cleared: they may be on loan */
        data_punch(t, size_bytes, data_pages(old) * PAGE_BYTES - size_bytes);
    } else if (old % PAGE_BYTES) { /* a mapping may have left bytes there */
        zero_bytes(t, old, data_pages(old) * PAGE_BYTES);
    }
    data_charge(t);
    return 0;
}

void data_free(struct tnode *t)
{
    t->inode.size_bytes = 0;
    data_trim(t);
    data_charge(t);
    kfree(t->extents);
    t->extents = NULL;
}

uint64_t data_blocks(struct tnode *t)
{
    if (t->lower_data)
        return data_pages(t->inode.size_bytes) * (PAGE_BYTES / 512);
    return t->charged_pages * (PAGE_BYTES / 512);
}
