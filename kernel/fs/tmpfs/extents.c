/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file's runs of shareable pages. They grow geometrically, so that a file has
 * few of them; pages cost nothing until touched.
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

uint32_t data_find(struct tnode *t, uint64_t page)
{
    uint32_t low = 0, high = t->nr_extents;

    while (low < high) {
        uint32_t mid = (low + high) / 2;

        if (data_end(&t->extents[mid]) <= page)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

void data_charge(struct tnode *t)
{
    uint64_t limit = data_pages(t->inode.size_bytes), sum = 0;

    for (uint32_t i = 0; i < t->nr_extents; i++) {
        struct extent *e = &t->extents[i];

        if (e->page >= limit)
            break;
        if (!e->mapped)
            sum += (data_end(e) < limit ? data_end(e) : limit) - e->page;
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
    if (data_end(e) != page || e->mapped != mapped ||
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
        data_end(e) != e[1].page ||
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

    if (end < data_end(&t->extents[i]))
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
        if (i < t->nr_extents && e->page <= page && data_end(e) < end)
            stop = data_end(e);
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
    room = data_end(e) * PAGE_BYTES - off;
    *len = *len < room ? *len : room;
    return (char *)shm_ptr(e->shm_off) + (off - e->page * PAGE_BYTES);
}
