/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inode numbers: the first free one, in the directory's group if it has any.
 */
#include "kernel/fs/ext4/ext4.h"

static uint32_t add16(struct ext4 *fs, uint16_t *lo, uint16_t *hi, int by)
{
    bool is_wide = fs->desc_bytes >= EXT4_GROUP_LONG;
    uint32_t v = *lo | (is_wide ? (uint32_t)*hi << 16 : 0);

    v += (uint32_t)by;
    *lo = (uint16_t)v;
    if (is_wide)
        *hi = (uint16_t)(v >> 16);
    return v;
}

static uint32_t free_inodes(struct ext4 *fs, struct ext4_group *d)
{
    return add16(fs, &d->free_inodes_lo, &d->free_inodes_hi, 0);
}

/* Inodes from there to the end of the table were never used. */
static void shorten_unused(struct ext4 *fs, struct ext4_group *d, uint32_t used)
{
    uint32_t unused = add16(fs, &d->itable_unused_lo, &d->itable_unused_hi, 0);

    if (fs->csum && fs->inodes_per_group - used < unused)
        add16(fs, &d->itable_unused_lo, &d->itable_unused_hi,
              (int)(fs->inodes_per_group - used) - (int)unused);
}

static int take(struct ext4 *fs, struct ext4_group_ref *g, struct ext4_buf *map,
                uint32_t bit, bool is_dir)
{
    struct ext4_group *d = g->desc;

    map->data[bit / 8] |= (uint8_t)(1 << bit % 8);
    add16(fs, &d->free_inodes_lo, &d->free_inodes_hi, -1);
    if (is_dir)
        add16(fs, &d->used_dirs_lo, &d->used_dirs_hi, 1);
    shorten_unused(fs, d, bit + 1);
    ext4_inode_bitmap_dirty(fs, g, map);
    fs->sb->free_inodes--;
    ext4_super_dirty(fs);
    return 0;
}

static int ialloc_in(struct ext4 *fs, struct ext4_group_ref *g, bool is_dir,
                     uint32_t *ino)
{
    uint32_t bit = g->nr ? 0 : fs->sb->first_ino - 1;
    struct ext4_buf *map;
    int err;

    if (!free_inodes(fs, g->desc))
        return -ENOSPC;
    err = ext4_inode_bitmap(fs, g, &map);
    if (err)
        return err;
    while (bit < fs->inodes_per_group && (map->data[bit / 8] >> bit % 8 & 1))
        bit++;
    if (bit == fs->inodes_per_group || !fs->sb->free_inodes)
        err = -ENOSPC;
    else
        err = take(fs, g, map, bit, is_dir);
    ext4_buf_put(map);
    *ino = g->nr * fs->inodes_per_group + bit + 1;
    return err;
}

int ext4_ialloc(struct ext4 *fs, uint32_t parent, bool is_dir, uint32_t *ino)
{
    uint32_t group = (parent - 1) / fs->inodes_per_group;

    for (uint32_t i = 0; i < fs->nr_groups; i++) {
        struct ext4_group_ref g;
        int err = ext4_group_get(fs, group, &g);

        if (err)
            return err;
        err = ialloc_in(fs, &g, is_dir, ino);
        ext4_buf_put(g.buf);
        if (err != -ENOSPC)
            return err;
        group = group + 1 < fs->nr_groups ? group + 1 : 0;
    }
    return -ENOSPC;
}

int ext4_ifree(struct ext4 *fs, uint32_t ino, bool is_dir)
{
    uint32_t bit = (ino - 1) % fs->inodes_per_group;
    struct ext4_group_ref g;
    struct ext4_buf *map;
    int err = ext4_group_get(fs, (ino - 1) / fs->inodes_per_group, &g);

    if (err)
        return err;
    err = ext4_inode_bitmap(fs, &g, &map);
    if (!err && !(map->data[bit / 8] >> bit % 8 & 1)) {
        err = ext4_damaged(fs, "an inode is freed twice", ino);
        ext4_buf_put(map);
    } else if (!err) {
        map->data[bit / 8] &= (uint8_t) ~(1 << bit % 8);
        add16(fs, &g.desc->free_inodes_lo, &g.desc->free_inodes_hi, 1);
        if (is_dir)
            add16(fs, &g.desc->used_dirs_lo, &g.desc->used_dirs_hi, -1);
        ext4_inode_bitmap_dirty(fs, &g, map);
        fs->sb->free_inodes++;
        ext4_super_dirty(fs);
        ext4_buf_put(map);
    }
    ext4_buf_put(g.buf);
    return err;
}
