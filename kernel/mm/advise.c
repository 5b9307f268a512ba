/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * madvise(2), msync(2), mincore(2).
 */
#include <asm/errno.h>
#include <linux/mman.h>

#include "kernel/core/cpu.h"
#include "kernel/core/uaccess.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/space.h"
#include "kernel/mm/vma.h"
#include "lib/string.h"

enum {
    MADV_DONTNEED_LOCKED_ = 24, /* newer than Debian 12's headers */
    MS_ASYNC_ = 1,
    MS_INVALIDATE_ = 2,
    MS_SYNC_ = 4,
};

/* Advice that may be ignored by definition. */
static bool is_hint(int advice)
{
    switch (advice) {
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_DONTFORK:
    case MADV_DOFORK:
    case MADV_KEEPONFORK:
    case MADV_MERGEABLE:
    case MADV_UNMERGEABLE:
    case MADV_HUGEPAGE:
    case MADV_NOHUGEPAGE:
    case MADV_COLD:
    case MADV_PAGEOUT:
        return true;
    }
    return false;
}

static int64_t discard(const struct vma *v, uint64_t start, uint64_t end,
                       bool only_anonymous)
{
    if (only_anonymous && v->backing)
        return -EINVAL;
    if (v->filled < end)
        end = v->filled;
    if ((v->flags & MAP_SHARED) || end <= start)
        return 0; /* shared pages stay with their object */
    return platform.ops.mem_discard(start, end - start);
}

/* Shared memory that may be written: a hole in its object. */
static int64_t punch(const struct vma *v, uint64_t start, uint64_t end)
{
    struct backing *b = v->backing;

    if (!b || !(v->flags & MAP_SHARED))
        return -EINVAL;
    if (v->deny_write)
        return -EACCES;
    if (!b->ops->punch)
        return -EOPNOTSUPP;
    return b->ops->punch(b, v->off + (start - v->start), end - start);
}

/* Touches each page as the program could. */
static int64_t populate(const struct vma *v, uint64_t start, uint64_t end,
                        bool write)
{
    uint32_t word;
    int err = 0;

    if (!(v->prot & (write ? PROT_WRITE : PROT_READ)))
        return -EINVAL;
    for (; start < end && !err; start += ABI_PAGE_SIZE) {
        err = get_user_u32(start, &word);
        if (!err && write)
            err = cmpxchg_user_u32(start, &word, word);
    }
    return err;
}

static int64_t set_dump(uint64_t start, uint64_t end, bool no_dump)
{
    int err = space_cut(start, end);

    if (err)
        return err;
    vma_find(start)->no_dump = no_dump;
    vma_merge(vma_find(start));
    return 0;
}

/* What may be ignored by definition comes to the end. */
static int64_t advise_one(const struct vma *v, uint64_t start, uint64_t end,
                          int advice)
{
    switch (advice) {
    case MADV_DONTNEED:
    case MADV_DONTNEED_LOCKED_:
        return discard(v, start, end, false);
    case MADV_FREE:
        return discard(v, start, end, true);
    case MADV_REMOVE:
        return punch(v, start, end);
    case MADV_POPULATE_READ:
    case MADV_POPULATE_WRITE:
        return populate(v, start, end, advice == MADV_POPULATE_WRITE);
    case MADV_DONTDUMP:
    case MADV_DODUMP:
        return set_dump(start, end, advice == MADV_DONTDUMP);
    case MADV_WIPEONFORK:
        return v->backing || (v->flags & MAP_SHARED) ? -EINVAL : 0;
    }
    return 0;
}

static bool acts(int advice)
{
    switch (advice) {
    case MADV_DONTNEED:
    case MADV_DONTNEED_LOCKED_:
    case MADV_FREE:
    case MADV_REMOVE:
    case MADV_POPULATE_READ:
    case MADV_POPULATE_WRITE:
    case MADV_DONTDUMP:
    case MADV_DODUMP:
    case MADV_WIPEONFORK:
        return true;
    }
    return false;
}

int64_t mm_advise(uint64_t addr, size_t len_bytes, int advice)
{
    int64_t err = 0, hole = 0;
    uint64_t end;

    if (!is_hint(advice) && !acts(advice))
        return -EINVAL;
    if (addr % ABI_PAGE_SIZE)
        return -EINVAL;
    if (len_bytes == 0)
        return 0;
    if (!space_range(addr, len_bytes, &end))
        return addr + page_up(len_bytes) < addr || !page_up(len_bytes)
                   ? -EINVAL
                   : -ENOMEM;
    while (addr < end && !err) {
        struct vma *v = vma_overlap(addr, end);
        uint64_t stop = v && v->end < end ? v->end : end;

        if (!v || v->start > addr || v->hidden)
            hole = -ENOMEM;
        if (v && !v->hidden)
            err =
                advise_one(v, v->start > addr ? v->start : addr, stop, advice);
        addr = stop;
    }
    return err ? err : hole;
}

/* Is all of [addr, end) mapped? */
static bool all_mapped(uint64_t addr, uint64_t end)
{
    while (addr < end) {
        struct vma *v = vma_find(addr);

        if (!v || v->start > addr || v->hidden)
            return false;
        addr = v->end;
    }
    return true;
}

bool mm_mapped(uint64_t addr, size_t len_bytes)
{
    uint64_t end;

    return space_range(addr, len_bytes, &end) && all_mapped(addr, end);
}

int64_t mm_sync(uint64_t addr, size_t len_bytes, int flags)
{
    uint64_t end;
    int err;

    if ((flags & ~(MS_ASYNC_ | MS_INVALIDATE_ | MS_SYNC_)) ||
        (flags & (MS_ASYNC_ | MS_SYNC_)) == (MS_ASYNC_ | MS_SYNC_) ||
        addr % ABI_PAGE_SIZE)
        return -EINVAL;
    if (len_bytes == 0)
        return 0;
    if (!space_range(addr, len_bytes, &end))
        return -ENOMEM;
    err = space_sync(addr, end, flags & MS_SYNC_);
    return all_mapped(addr, end) ? err : -ENOMEM;
}

static int put_residency(uint64_t vec_uptr, uint64_t nr, bool there)
{
    uint8_t part[64];

    memset(part, there, sizeof(part));
    for (; nr > 0; nr -= nr < sizeof(part) ? nr : sizeof(part)) {
        if (copy_to_user(vec_uptr, part, nr < sizeof(part) ? nr : sizeof(part)))
            return -EFAULT;
        vec_uptr += sizeof(part);
    }
    return 0;
}

/* What the platform really holds is not known: all that the program could ever
 * reach, and that a file has, counts as resident. */
int64_t mm_mincore(uint64_t addr, size_t len_bytes, uint64_t vec_uptr)
{
    uint64_t end;

    if (addr % ABI_PAGE_SIZE)
        return -EINVAL;
    if (len_bytes == 0)
        return 0;
    if (!space_range(addr, len_bytes, &end) || !all_mapped(addr, end))
        return -ENOMEM;
    while (addr < end) {
        const struct vma *v = vma_find(addr);
        bool there = addr < v->filled;
        uint64_t to = there ? v->filled : v->end;

        to = to < end ? to : end;
        if (put_residency(vec_uptr, (to - addr) / ABI_PAGE_SIZE, there))
            return -EFAULT;
        vec_uptr += (to - addr) / ABI_PAGE_SIZE;
        addr = to;
    }
    return 0;
}
