/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taking extents away, from the end of the range, one in a step; and turning
 * unwritten ones into data.
 */
#include "kernel/fs/ext4/ext4.h"
#include "kernel/vfs/mode.h"
#include "lib/string.h"

static void set_len(struct ext4_extent *e, uint32_t len)
{
    bool unwritten = ext4_extent_unwritten(e);

    e->len = (uint16_t)(unwritten ? len + EXT4_EXTENT_LEN_MAX : len);
}

static void set_begin(struct ext4_extent *e, uint32_t lblk)
{
    uint64_t start = ext4_extent_start(e) + (lblk - e->block);

    set_len(e, ext4_extent_len(e) - (lblk - e->block));
    e->start_lo = (uint32_t)start;
    e->start_hi = (uint16_t)(start >> 32);
    e->block = lblk;
}

/* Keys above the leaf may stay lower than what they lead to, but e2fsck wants
 * them equal. */
static void raise_keys(struct ext4_node *n, struct ext4_path *p, uint32_t lblk)
{
    for (uint32_t i = p->depth; i-- > 0;) {
        ext4_indices(p->level[i].h)[p->level[i].slot].block = lblk;
        ext4_path_dirty(n, p, i);
        if (p->level[i].slot > 0)
            return;
    }
}

/* The entry at level goes, and nodes that become empty by that. */
static int remove_entry(struct ext4_node *n, struct ext4_path *p)
{
    for (uint32_t level = p->depth;; level--) {
        struct ext4_extent_header *h = p->level[level].h;
        struct ext4_extent *e = ext4_extents(h);
        int at = p->level[level].slot, err;
        uint64_t block;

        memmove(&e[at], &e[at + 1], (size_t)(h->entries - at - 1) * sizeof(*e));
        h->entries--;
        if (h->entries || !level) {
            if (!h->entries)
                h->depth = 0;
            ext4_path_dirty(n, p, level);
            if (!at && level && h->entries) {
                struct ext4_path up = *p;

                up.depth = level;
                raise_keys(n, &up, e[0].block);
            }
            return 0;
        }
        block = p->level[level].buf->block;
        n->nr_sectors -= n->fs->block_bytes / 512;
        err = ext4_buf_forget(n->fs, block);
        if (!err)
            err = ext4_free(n->fs, block, 1);
        if (err)
            return err;
    }
}

/* Unmaps [from, to) of the extent at the path, without freeing anything. */
static int unmap(struct ext4_node *n, struct ext4_path *p, uint32_t from,
                 uint64_t to)
{
    struct ext4_extent *e =
        &ext4_extents(p->level[p->depth].h)[p->level[p->depth].slot];
    uint64_t end = (uint64_t)e->block + ext4_extent_len(e);
    struct ext4_extent rest = *e;

    if (from <= e->block && to >= end)
        return remove_entry(n, p);
    if (from <= e->block) {
        set_begin(e, (uint32_t)to);
        ext4_path_dirty(n, p, p->depth);
        if (!p->level[p->depth].slot)
            raise_keys(n, p, (uint32_t)to);
        return 0;
    }
    set_len(e, from - e->block);
    ext4_path_dirty(n, p, p->depth);
    if (to >= end)
        return 0;
    set_begin(&rest, (uint32_t)to);
    return ext4_extent_add(n, rest.block, ext4_extent_start(&rest),
                           ext4_extent_len(&rest),
                           ext4_extent_unwritten(&rest));
}

/* What directories and links consist of is metadata. */
static int give_up(struct ext4_node *n, uint64_t block, uint64_t nr)
{
    int err = 0;

    if (!S_ISREG(n->inode.mode))
        for (uint64_t i = 0; !err && i < nr; i++)
            err = ext4_buf_forget(n->fs, block + i);
    return err ? err : ext4_free(n->fs, block, nr);
}

int ext4_extent_cut(struct ext4_node *n, uint32_t from, uint64_t to)
{
    const struct ext4_extent *e;
    uint32_t begin, cut_from;
    struct ext4_path p;
    uint64_t end, block;
    int err = ext4_path_find(n, (uint32_t)(to - 1), &p);

    if (err)
        return err;
    if (p.level[p.depth].slot < 0) {
        ext4_path_put(&p);
        return 0;
    }
    e = &ext4_extents(p.level[p.depth].h)[p.level[p.depth].slot];
    begin = e->block;
    end = (uint64_t)begin + ext4_extent_len(e);
    end = end < to ? end : to;
    cut_from = begin > from ? begin : from;
    block = ext4_extent_start(e) + (cut_from - begin);
    if (end > cut_from) {
        err = unmap(n, &p, cut_from, end);
        n->nr_sectors -= (end - cut_from) * (n->fs->block_bytes / 512);
        if (!err)
            err = give_up(n, block, end - cut_from);
        if (!err)
            err = ext4_node_dirty(n);
    }
    ext4_path_put(&p);
    if (err)
        return ext4_abort(n->fs, err, "giving up blocks");
    return end > cut_from && cut_from > from;
}

int ext4_cut_all(struct ext4_node *n, uint32_t from, uint64_t to)
{
    int more = 1;

    while (more > 0) {
        more = ext4_begin(n->fs);
        if (!more)
            more = ext4_extent_cut(n, from, to);
    }
    return more;
}

int ext4_extent_written(struct ext4_node *n, uint32_t lblk, uint32_t len)
{
    uint64_t block;
    struct ext4_path p;
    struct ext4_extent *e;
    int err = ext4_path_find(n, lblk, &p);

    if (err)
        return err;
    e = &ext4_extents(p.level[p.depth].h)[p.level[p.depth].slot];
    block = ext4_extent_start(e) + (lblk - e->block);
    err = unmap(n, &p, lblk, (uint64_t)lblk + len);
    ext4_path_put(&p);
    if (!err)
        err = ext4_extent_add(n, lblk, block, len, false);
    return err ? ext4_abort(n->fs, err, "writing to allocated blocks") : 0;
}
