/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file's bytes: runs of shareable pages that grow geometrically, so that a
 * file has few of them. Pages cost nothing until touched; bytes behind the end
 * of the file are zero.
 *
 * A hole that is mapped gets a run too, since programs touch its pages without
 * asking. Which of them they touch only the host knows: such runs count
 * against its limit on the instance's memory, not against this file system's
 * size, until they are written to.
 */
#include <linux/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/core/cpu.h"
#include "kernel/fs/tmpfs/tnode.h"
#include "kernel/mm/shm.h"
#include "lib/string.h"

enum { GROW_MAX_PAGES = 16384 }; /* 64 MiB */

static uint64_t pages_of(uint64_t bytes)
{
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
}

static uint64_t end_of(const struct extent *e)
{
    return e->page + e->nr_pages;
}

uint32_t data_find(struct tnode *t, uint64_t page)
{
    uint32_t low = 0, high = t->nr_extents;

    while (low < high) {
        uint32_t mid = (low + high) / 2;

        if (end_of(&t->extents[mid]) <= page)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

void data_charge(struct tnode *t)
{
    uint64_t limit = pages_of(t->inode.size_bytes), sum = 0;

    for (uint32_t i = 0; i < t->nr_extents; i++) {
        struct extent *e = &t->extents[i];

        if (e->page >= limit)
            break;
        if (!e->mapped)
            sum += (end_of(e) < limit ? end_of(e) : limit) - e->page;
    }
    t->fs->used_pages += sum - t->charged_pages;
    t->charged_pages = sum;
}

static int insert(struct tnode *t, uint32_t i, struct extent e)
{
    if (t->nr_extents == t->max_extents) {
        uint32_t max = t->max_extents ? t->max_extents * 2 : 2;
        struct extent *p = krealloc(t->extents, max * sizeof(*p));

        if (!p)
            return -ENOMEM;
        t->extents = p;
        t->max_extents = max;
    }
    memmove(&t->extents[i + 1], &t->extents[i],
            (t->nr_extents - i) * sizeof(e));
    t->extents[i] = e;
    t->nr_extents++;
    return 0;
}

/* Makes the run before slot i longer by nr pages, if they are free. */
static bool lengthen(struct tnode *t, uint32_t i, uint64_t page, uint64_t nr,
                     bool mapped)
{
    struct extent *e;

    if (i == 0)
        return false;
    e = &t->extents[i - 1];
    if (end_of(e) != page || e->mapped != mapped ||
        shm_alloc_at(e->shm_off + e->nr_pages * PAGE_BYTES, nr))
        return false;
    e->nr_pages += nr;
    return true;
}

static int add_run(struct tnode *t, uint32_t i, uint64_t page, uint64_t nr,
                   bool mapped)
{
    int64_t off = shm_alloc(nr);
    struct extent e = {page, nr, (uint64_t)off, mapped};
    int err;

    if (off < 0)
        return -ENOSPC;
    err = insert(t, i, e);
    if (err)
        shm_free(off, nr);
    return err;
}

/* Fills the gap at slot i from page on: need pages, better more. */
static int fill(struct tnode *t, uint32_t i, uint64_t page, uint64_t need,
                uint64_t room)
{
    uint64_t more = i ? t->extents[i - 1].nr_pages : 0;

    more = more > GROW_MAX_PAGES ? GROW_MAX_PAGES : more;
    more = more > need ? more : need;
    more = more > room ? room : more;
    if (lengthen(t, i, page, more, false) || lengthen(t, i, page, need, false))
        return 0;
    if (more > need && add_run(t, i, page, more, false) == 0)
        return 0;
    return add_run(t, i, page, need, false);
}

/* Cuts extent i at page, which lies inside it. */
static int split(struct tnode *t, uint32_t i, uint64_t page)
{
    struct extent high = t->extents[i];
    uint64_t low = page - high.page;
    int err;

    high.page = page;
    high.nr_pages -= low;
    high.shm_off += low * PAGE_BYTES;
    err = insert(t, i + 1, high);
    if (!err)
        t->extents[i].nr_pages = low;
    return err;
}

/* Makes extents i and i + 1 one, if they are. */
static void join(struct tnode *t, uint32_t i)
{
    struct extent *e = &t->extents[i];

    if (i + 1 >= t->nr_extents || e->mapped != e[1].mapped ||
        end_of(e) != e[1].page ||
        e->shm_off + e->nr_pages * PAGE_BYTES != e[1].shm_off)
        return;
    e->nr_pages += e[1].nr_pages;
    t->nr_extents--;
    memmove(e + 1, e + 2, (t->nr_extents - i - 1) * sizeof(*e));
}

/* Pages [page, end) of extent i, which was made for a mapping, are written
 * to. */
static int claim(struct tnode *t, uint32_t i, uint64_t page, uint64_t end)
{
    int err = 0;

    if (end < end_of(&t->extents[i]))
        err = split(t, i, end);
    if (!err && page > t->extents[i].page)
        err = split(t, i++, page);
    if (err)
        return err;
    t->extents[i].mapped = false;
    join(t, i);
    if (i)
        join(t, i - 1);
    return 0;
}

static bool has_room(const struct tnode *t, uint64_t nr_pages)
{
    uint64_t limit = platform.boot->mem_limit_bytes / PAGE_BYTES / 2;

    return !limit ||
           (nr_pages <= limit && t->fs->used_pages + nr_pages <= limit);
}

/* One step of ensure(): extent i, or the gap before it, at page. */
static int ensure_part(struct tnode *t, uint32_t i, uint64_t page, uint64_t nr,
                       bool mapped)
{
    const struct extent *e = &t->extents[i];
    bool in_gap = i == t->nr_extents || e->page > page;
    uint64_t room = i == t->nr_extents ? UINT64_MAX : e->page - page;

    if (!in_gap && (mapped || !e->mapped))
        return 0;
    if (!mapped && !has_room(t, nr))
        return -ENOSPC;
    if (!in_gap)
        return claim(t, i, page, page + nr);
    if (!mapped)
        return fill(t, i, page, nr, room);
    return lengthen(t, i, page, nr, true) ? 0 : add_run(t, i, page, nr, true);
}

static int ensure(struct tnode *t, uint64_t page, uint64_t nr_pages,
                  bool mapped)
{
    uint64_t end = page + nr_pages;
    int err = 0;

    while (!err && page < end) {
        uint32_t i = data_find(t, page);
        const struct extent *e = &t->extents[i];
        uint64_t stop = end;

        if (i < t->nr_extents && e->page > page && e->page < end)
            stop = e->page;
        if (i < t->nr_extents && e->page <= page && end_of(e) < end)
            stop = end_of(e);
        err = ensure_part(t, i, page, stop - page, mapped);
        page = stop;
    }
    return err;
}

int data_ensure(struct tnode *t, uint64_t page, uint64_t nr_pages)
{
    int err = ensure(t, page, nr_pages, false);

    data_charge(t);
    return err;
}

int data_ensure_mapped(struct tnode *t, uint64_t page, uint64_t nr_pages)
{
    return ensure(t, page, nr_pages, true);
}

void *data_run(struct tnode *t, uint64_t off, uint64_t *len)
{
    uint64_t page = off / PAGE_BYTES;
    uint32_t i = data_find(t, page);
    struct extent *e = &t->extents[i];
    uint64_t room;

    if (i == t->nr_extents)
        return NULL;
    if (e->page > page) {
        room = e->page * PAGE_BYTES - off;
        *len = *len < room ? *len : room;
        return NULL;
    }
    room = end_of(e) * PAGE_BYTES - off;
    *len = *len < room ? *len : room;
    return (char *)shm_ptr(e->shm_off) + (off - e->page * PAGE_BYTES);
}

static int text_copy_up(struct tnode *t)
{
    uint64_t size = t->inode.size_bytes, n = size;
    int err = data_ensure(t, 0, pages_of(size));

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
    err = data_ensure(t, 0, pages_of(size));
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
        uint64_t to = end < end_of(e) ? end : end_of(e);

        if (from >= to)
            break;
        shm_zero(e->shm_off + (from - e->page) * PAGE_BYTES, to - from);
    }
}

void data_punch(struct tnode *t, uint64_t off, uint64_t len_bytes)
{
    uint64_t end = off + len_bytes;
    uint64_t first = pages_of(off), last = end / PAGE_BYTES;

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
    uint64_t limit = pages_of(t->inode.size_bytes);

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
        data_punch(t, size_bytes, pages_of(old) * PAGE_BYTES - size_bytes);
    } else if (old % PAGE_BYTES) { /* a mapping may have left bytes there */
        zero_bytes(t, old, pages_of(old) * PAGE_BYTES);
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
        return pages_of(t->inode.size_bytes) * (PAGE_BYTES / 512);
    return t->charged_pages * (PAGE_BYTES / 512);
}
