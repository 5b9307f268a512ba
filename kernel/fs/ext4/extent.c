/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extent trees: walking them. A node is checked when it is first read, so that
 * what is found in it can be relied on.
 */
#include "kernel/fs/ext4/crc32c.h"
#include "kernel/fs/ext4/ext4.h"
#include "lib/string.h"

static struct ext4_extent_header *header_of(struct ext4_buf *b)
{
    return (struct ext4_extent_header *)b->data;
}

static uint32_t *checksum_of(struct ext4_extent_header *h)
{
    return (uint32_t *)(ext4_extents(h) + h->max);
}

static bool leaf_is_sane(const struct ext4 *fs, struct ext4_extent_header *h)
{
    const struct ext4_extent *e = ext4_extents(h);
    uint64_t next = 0;

    for (uint32_t i = 0; i < h->entries; i++, e++) {
        uint64_t start = ext4_extent_start(e);
        uint32_t len = ext4_extent_len(e);

        if (!len || e->block < next || start <= fs->first_data_block ||
            start >= fs->nr_blocks || len > fs->nr_blocks - start)
            return false;
        next = (uint64_t)e->block + len;
    }
    return next <= UINT64_C(1) << 32;
}

static bool index_is_sane(const struct ext4 *fs, struct ext4_extent_header *h)
{
    const struct ext4_index *e = ext4_indices(h);

    for (uint32_t i = 0; i < h->entries; i++) {
        uint64_t leaf = ext4_join(e[i].leaf_lo, e[i].leaf_hi);

        if (leaf <= fs->first_data_block || leaf >= fs->nr_blocks ||
            (i && e[i].block <= e[i - 1].block))
            return false;
    }
    return h->entries > 0;
}

static bool is_sane(const struct ext4 *fs, struct ext4_extent_header *h,
                    uint32_t room, uint32_t depth)
{
    if (h->magic != EXT4_EXTENT_MAGIC || h->depth != depth ||
        h->entries > h->max || !h->max ||
        h->max > (room - sizeof(*h)) / sizeof(struct ext4_extent))
        return false;
    return depth ? index_is_sane(fs, h) : leaf_is_sane(fs, h);
}

static int check_block(struct ext4_node *n, struct ext4_buf *b, uint32_t depth)
{
    struct ext4 *fs = n->fs;
    struct ext4_extent_header *h = header_of(b);

    if (b->checked && h->magic == EXT4_EXTENT_MAGIC && h->depth == depth)
        return 0;
    if (!is_sane(fs, h, fs->block_bytes - 4, depth) ||
        (fs->csum &&
         *checksum_of(h) !=
             crc32c(n->seed, h, (size_t)((char *)checksum_of(h) - (char *)h))))
        return ext4_damaged(fs, "extents of inode", n->inode.ino);
    b->checked = true;
    return 0;
}

void ext4_path_put(struct ext4_path *p)
{
    for (uint32_t i = 1; i <= p->depth; i++)
        ext4_buf_put(p->level[i].buf);
    p->depth = 0;
}

/* The last entry at or below lblk: extents and indices begin alike. */
static int find_slot(struct ext4_extent_header *h, uint32_t lblk)
{
    const struct ext4_extent *e = ext4_extents(h);
    int low = 0, high = h->entries;

    while (low < high) {
        int mid = (low + high) / 2;

        if (e[mid].block <= lblk)
            low = mid + 1;
        else
            high = mid;
    }
    return low - 1;
}

static int descend(struct ext4_node *n, struct ext4_path *p, uint32_t level,
                   uint32_t lblk)
{
    struct ext4_extent_header *h = p->level[level].h;
    struct ext4_index *e = ext4_indices(h);
    int slot = find_slot(h, lblk), err;
    struct ext4_buf *b;

    slot = slot < 0 ? 0 : slot;
    p->level[level].slot = slot;
    err = ext4_buf_get(n->fs, ext4_join(e[slot].leaf_lo, e[slot].leaf_hi),
                       EXT4_TREE, &b);
    if (err)
        return err;
    p->level[level + 1].buf = b;
    p->level[level + 1].h = header_of(b);
    p->depth = level + 1; /* to be put */
    return check_block(n, b, h->depth - 1u);
}

int ext4_path_find(struct ext4_node *n, uint32_t lblk, struct ext4_path *p)
{
    uint32_t depth = n->tree.depth;
    int err = 0;

    p->depth = 0;
    if (depth > EXT4_EXTENT_DEPTH_MAX ||
        !is_sane(n->fs, &n->tree, EXT4_BLOCK_AREA, depth))
        return ext4_damaged(n->fs, "extents of inode", n->inode.ino);
    p->level[0].buf = NULL;
    p->level[0].h = &n->tree;
    for (uint32_t i = 0; !err && i < depth; i++)
        err = descend(n, p, i, lblk);
    if (err)
        ext4_path_put(p);
    else
        p->level[depth].slot = find_slot(p->level[depth].h, lblk);
    return err;
}

void ext4_path_dirty(struct ext4_node *n, struct ext4_path *p, uint32_t level)
{
    struct ext4_extent_header *h = p->level[level].h;

    n->sync_tid = n->fs->tid;
    if (!level) {
        ext4_node_dirty(n);
        return;
    }
    if (n->fs->csum)
        *checksum_of(h) =
            crc32c(n->seed, h, (size_t)((char *)checksum_of(h) - (char *)h));
    ext4_buf_dirty(n->fs, p->level[level].buf);
}

/* Where the next extent behind the path begins. */
static uint64_t next_start(const struct ext4_path *p)
{
    for (uint32_t i = p->depth + 1; i-- > 0;) {
        struct ext4_extent_header *h = p->level[i].h;

        if (p->level[i].slot + 1 < h->entries)
            return ext4_extents(h)[p->level[i].slot + 1].block;
    }
    return UINT64_C(1) << 32;
}

int ext4_map(struct ext4_node *n, uint32_t lblk, struct ext4_run *run)
{
    const struct ext4_extent *e;
    struct ext4_path p;
    uint64_t end;
    int err = ext4_path_find(n, lblk, &p);

    if (err)
        return err;
    *run = (struct ext4_run){0};
    if (p.level[p.depth].slot >= 0) {
        e = &ext4_extents(p.level[p.depth].h)[p.level[p.depth].slot];
        end = (uint64_t)e->block + ext4_extent_len(e);
        if (lblk < end) {
            run->block = ext4_extent_start(e) + (lblk - e->block);
            run->len = (uint32_t)(end - lblk);
            run->unwritten = ext4_extent_unwritten(e);
        }
    }
    if (!run->block) {
        end = next_start(&p) - lblk;
        run->len = end > UINT32_MAX ? UINT32_MAX : (uint32_t)end;
    }
    if (!run->len) /* a node that overlaps its neighbour */
        err = ext4_damaged(n->fs, "extents of inode", n->inode.ino);
    ext4_path_put(&p);
    return err;
}

void ext4_tree_init(struct ext4_node *n)
{
    memset(n->area, 0, sizeof(n->area));
    n->tree = (struct ext4_extent_header){
        .magic = EXT4_EXTENT_MAGIC,
        .max = (EXT4_BLOCK_AREA - sizeof(n->tree)) / sizeof(struct ext4_extent),
    };
    n->flags |= EXT4_EXTENTS_FL;
}
