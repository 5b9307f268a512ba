/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mremap(2): grow or shrink in place, or move.
 */
#include <asm/errno.h>
#include <linux/mman.h>

#include "kernel/core/cpu.h"
#include "kernel/core/uaccess.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/space.h"
#include "kernel/mm/vma.h"

enum { ALL = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP };

struct move {
    uint64_t from, from_len, to, to_len;
    int flags;
};

static int check_args(uint64_t old_addr, uint64_t old_len, uint64_t new_len,
                      int flags, uint64_t new_addr)
{
    bool fixed = flags & MREMAP_FIXED;

    if ((flags & ~ALL) || old_addr % ABI_PAGE_SIZE || new_len == 0)
        return -EINVAL;
    if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) &&
        !(flags & MREMAP_MAYMOVE))
        return -EINVAL;
    if ((flags & MREMAP_DONTUNMAP) && old_len != new_len)
        return -EINVAL;
    if (!fixed)
        return 0;
    if (new_addr % ABI_PAGE_SIZE || new_addr < ABI_USER_MIN ||
        new_len > ABI_USER_TOP || new_addr > ABI_USER_TOP - new_len)
        return -EINVAL;
    if (new_addr < old_addr + old_len && old_addr < new_addr + new_len)
        return -EINVAL;
    return 0;
}

/* Into the free range behind v, which ends where the old range ended. */
static int64_t grow_in_place(struct vma *v, uint64_t more)
{
    uint64_t end = v->end;
    bool whole = v->filled == end;
    int err;

    if (more > ABI_USER_TOP - end || vma_overlap(end, end + more))
        return -ENOMEM;
    vma_set_end(v, end + more);
    if (!whole)
        return 0; /* beyond the object's end, or never accessible */
    err = space_fill(v);
    if (err)
        vma_set_end(v, end);
    else
        vma_merge(v);
    return err;
}

/* Page after page through the kernel: where the platform cannot move at once
 * what it holds in several pieces. Private memory only. */
static int move_by_copy(const struct vma *v, const struct move *m,
                        uint64_t filled)
{
    static uint8_t page[4096];
    int64_t err = platform.ops.mem_commit(m->to, m->to_len,
                                          ABI_PROT_READ | ABI_PROT_WRITE);

    if (!err && !(v->prot & PROT_READ))
        err = platform.ops.mem_protect(m->from, filled, ABI_PROT_READ);
    for (uint64_t i = 0; i < filled && !err; i += sizeof(page)) {
        err = copy_from_user(page, m->from + i, sizeof(page));
        if (!err)
            err = copy_to_user(m->to + i, page, sizeof(page));
    }
    if (!err && v->prot != (PROT_READ | PROT_WRITE))
        err = platform.ops.mem_protect(m->to, m->to_len, (uint32_t)v->prot);
    platform.ops.mem_release(err ? m->to : m->from, err ? m->to_len : filled);
    return (int)err;
}

/* Can be shown anew at another place: nothing of it is private. Patched text
 * must be, since its jumps are relative. */
static bool can_show_anew(const struct vma *v)
{
    return (v->flags & MAP_SHARED) ||
           (v->backing && v->backing->sealed && !v->touched);
}

/* Moves what the platform holds; *filled: how much of the new range it holds
 * then. */
static int move_pages(const struct vma *v, const struct move *m,
                      uint64_t *filled)
{
    uint64_t have = v->filled - m->from;
    uint64_t want = have == m->from_len && !v->backing ? m->to_len : have;

    *filled = 0;
    if (have == 0)
        return 0;
    if (can_show_anew(v)) {
        platform.ops.mem_release(m->from, have);
        return 0; /* space_fill() maps it */
    }
    if (want > m->to_len)
        want = m->to_len;
    *filled = want;
    if (platform.ops.mem_move(m->from, have, m->to, want) == 0)
        return 0;
    return v->backing ? -ENOMEM : move_by_copy(v, m, have);
}

/* v is exactly the old range; the new one is free. */
static int64_t move(struct vma *v, const struct move *m)
{
    struct vma moved = *v, *nv;
    uint64_t filled;
    int err;

    if (vma_room() < 3)
        return -ENOMEM;
    err = move_pages(v, m, &filled);
    if (err)
        return err;
    moved.start = m->to;
    moved.end = m->to + m->to_len;
    moved.filled = m->to + filled;
    nv = vma_insert(&moved);
    v->filled = v->start;
    if (!(m->flags & MREMAP_DONTUNMAP))
        vma_erase(v);
    else
        err = space_fill(v);
    if (!nv)
        return -ENOMEM;
    if (!err)
        err = space_fill(nv);
    vma_merge(nv);
    return err ? err : (int64_t)m->to;
}

static int64_t find_and_move(struct vma *v, struct move *m, uint64_t new_addr)
{
    uint64_t more = m->to_len > m->from_len ? m->to_len - m->from_len : 0;
    int err;

    if ((m->flags & MREMAP_DONTUNMAP) && v->backing)
        return -EINVAL;
    err = space_check_limits(more, v->prot, v->flags);
    if (err)
        return err;
    if (m->flags & MREMAP_FIXED) {
        space_sync(new_addr, new_addr + m->to_len, false);
        err = space_clear(new_addr, new_addr + m->to_len, true);
        if (err)
            return err;
        m->to = new_addr;
    } else {
        m->to = space_find(0, m->to_len, 0);
        if (!m->to)
            return -ENOMEM;
    }
    err = space_cut(m->from, m->from + m->from_len);
    return err ? err : move(vma_find(m->from), m);
}

/* old_len 0: a second view of a shared mapping. */
static int64_t duplicate(struct vma *v, uint64_t old_addr, uint64_t new_len,
                         int flags, uint64_t new_addr)
{
    int map_flags = MAP_SHARED | (flags & MREMAP_FIXED ? MAP_FIXED : 0) |
                    (v->deny_write ? MM_DENY_WRITE : 0);

    if (!(v->flags & MAP_SHARED) || !(flags & MREMAP_MAYMOVE))
        return -EINVAL;
    return mm_map(flags & MREMAP_FIXED ? new_addr : 0, new_len, v->prot,
                  map_flags, v->backing, v->off + (old_addr - v->start));
}

/* The part that is to be mapped in addition. May block: the book may change. */
static int prepare_growth(const struct move *m)
{
    struct vma *v = vma_find(m->from);

    if (m->to_len <= m->from_len || !v || v->start > m->from)
        return 0;
    return space_prepare(v->backing, v->off + (m->from - v->start), m->to_len);
}

int64_t mm_remap(uint64_t old_addr, size_t old_len, size_t new_len, int flags,
                 uint64_t new_addr)
{
    struct move m = {old_addr, page_up(old_len), 0, page_up(new_len), flags};
    bool must_move = flags & (MREMAP_FIXED | MREMAP_DONTUNMAP);
    int64_t err = check_args(old_addr, m.from_len, m.to_len, flags, new_addr);
    struct vma *v;

    if (!err)
        err = prepare_growth(&m);
    if (err)
        return err;
    v = vma_find(old_addr);
    if (!v || v->start > old_addr || v->hidden)
        return -EFAULT;
    if (m.from_len == 0)
        return duplicate(v, old_addr, m.to_len, flags, new_addr);
    if (m.from_len > v->end - old_addr)
        return -EFAULT;
    if (m.to_len < m.from_len) {
        err = mm_unmap(old_addr + m.to_len, m.from_len - m.to_len);
        if (err)
            return err;
        m.from_len = m.to_len;
        v = vma_find(old_addr);
    }
    if (m.to_len == m.from_len && !must_move)
        return (int64_t)old_addr;
    if (!must_move && v->end == old_addr + m.from_len) {
        err = space_check_limits(m.to_len - m.from_len, v->prot, v->flags);
        if (err)
            return err;
        if (grow_in_place(v, m.to_len - m.from_len) == 0)
            return (int64_t)old_addr;
    }
    if (!(flags & MREMAP_MAYMOVE))
        return -ENOMEM;
    return find_and_move(v, &m, new_addr);
}
