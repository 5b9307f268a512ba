/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entering extents: joined with a neighbour if possible, else a new entry, for
 * which nodes are split from the lowest level that has room downwards.
 */
#include "kernel/fs/ext4/ext4.h"
#include "lib/string.h"

static void set_start(struct ext4_extent *e, uint64_t block)
{
    e->start_lo = (uint32_t)block;
    e->start_hi = (uint16_t)(block >> 32);
}

static struct ext4_extent make_extent(uint32_t lblk, uint64_t block,
                                      uint32_t len, bool unwritten)
{
    struct ext4_extent e = {.block = lblk};

    e.len = (uint16_t)(unwritten ? len + EXT4_EXTENT_LEN_MAX : len);
    set_start(&e, block);
    return e;
}

/* How many blocks an extent of this kind may have. */
static uint32_t len_max(bool unwritten)
{
    return unwritten ? EXT4_EXTENT_LEN_MAX - 1 : EXT4_EXTENT_LEN_MAX;
}

/* Does b go on where a ends, as one extent? */
static bool joins(const struct ext4_extent *a, const struct ext4_extent *b)
{
    uint32_t len = ext4_extent_len(a);

    return a->block + len == b->block &&
           ext4_extent_start(a) + len == ext4_extent_start(b) &&
           ext4_extent_unwritten(a) == ext4_extent_unwritten(b) &&
           len + ext4_extent_len(b) <= len_max(ext4_extent_unwritten(a));
}

static void grow(struct ext4_extent *e, uint32_t by)
{
    e->len = (uint16_t)(e->len + by);
}

/* The leaf's first extent changed: what stands above it follows. */
static void fix_keys(struct ext4_node *n, struct ext4_path *p, uint32_t lblk)
{
    for (uint32_t i = p->depth; i-- > 0;) {
        struct ext4_index *e = ext4_indices(p->level[i].h);

        if (e[p->level[i].slot].block <= lblk)
            return;
        e[p->level[i].slot].block = lblk;
        ext4_path_dirty(n, p, i);
        if (p->level[i].slot > 0)
            return;
    }
}

static bool try_join(struct ext4_node *n, struct ext4_path *p,
                     const struct ext4_extent *new)
{
    struct ext4_extent_header *h = p->level[p->depth].h;
    struct ext4_extent *e = ext4_extents(h);
    int slot = p->level[p->depth].slot;
    bool left = slot >= 0 && joins(&e[slot], new);

    if (!left && !(slot + 1 < h->entries && joins(new, &e[slot + 1])))
        return false;
    if (left) {
        grow(&e[slot], ext4_extent_len(new));
    } else {
        uint32_t len = ext4_extent_len(&e[slot + 1]);

        e[slot + 1] = *new;
        grow(&e[slot + 1], len);
        if (slot < 0)
            fix_keys(n, p, new->block);
    }
    if (left && slot + 1 < h->entries && joins(&e[slot], &e[slot + 1])) {
        grow(&e[slot], ext4_extent_len(&e[slot + 1]));
        memmove(&e[slot + 1], &e[slot + 2],
                (size_t)(h->entries - slot - 2) * sizeof(*e));
        h->entries--;
    }
    ext4_path_dirty(n, p, p->depth);
    return true;
}

static void insert(struct ext4_node *n, struct ext4_path *p, uint32_t level,
                   const void *entry)
{
    struct ext4_extent_header *h = p->level[level].h;
    struct ext4_extent *e = ext4_extents(h);
    int at = p->level[level].slot + 1;

    memmove(&e[at + 1], &e[at], (size_t)(h->entries - at) * sizeof(*e));
    memcpy(&e[at], entry, sizeof(*e));
    h->entries++;
    ext4_path_dirty(n, p, level);
}

static void init_header(struct ext4 *fs, struct ext4_extent_header *h,
                        uint16_t depth)
{
    *h = (struct ext4_extent_header){
        .magic = EXT4_EXTENT_MAGIC,
        .max = (uint16_t)((fs->block_bytes - sizeof(*h) - 4) /
                          sizeof(struct ext4_extent)),
        .depth = depth,
    };
}

static uint64_t goal_of(struct ext4_node *n)
{
    return ext4_group_start(n->fs, (uint32_t)(n->inode.ino - 1) /
                                       n->fs->inodes_per_group);
}

static int new_node(struct ext4_node *n, struct ext4_buf **out)
{
    uint64_t block;
    uint32_t got;
    int err = ext4_alloc(n->fs, goal_of(n), 1, &block, &got);

    if (err)
        return err;
    err = ext4_buf_new(n->fs, block, EXT4_TREE, out);
    if (!err)
        n->nr_sectors += n->fs->block_bytes / 512;
    return err;
}

static struct ext4_index make_index(uint32_t lblk, const struct ext4_buf *b)
{
    return (struct ext4_index){lblk, (uint32_t)b->block,
                               (uint16_t)(b->block >> 32), 0};
}

/* A path of one node that stands alone, to seal it. */
static void seal(struct ext4_node *n, struct ext4_buf *b)
{
    struct ext4_path p = {.depth = 1};

    p.level[1].buf = b;
    p.level[1].h = (struct ext4_extent_header *)b->data;
    ext4_path_dirty(n, &p, 1);
}

/* The tree gets one level more: what the inode holds moves to a block. */
static int deepen(struct ext4_node *n)
{
    struct ext4_extent_header *h;
    struct ext4_index index;
    struct ext4_buf *b;
    int err;

    if (n->tree.depth == EXT4_EXTENT_DEPTH_MAX)
        return -EFBIG;
    err = new_node(n, &b);
    if (err)
        return err;
    h = (struct ext4_extent_header *)b->data;
    init_header(n->fs, h, n->tree.depth);
    h->entries = n->tree.entries;
    memcpy(h + 1, &n->tree + 1, h->entries * sizeof(struct ext4_extent));
    seal(n, b);
    index = make_index(ext4_extents(h)->block, b);
    memcpy(&n->tree + 1, &index, sizeof(index));
    n->tree.entries = 1;
    n->tree.depth++;
    ext4_buf_put(b);
    return ext4_node_dirty(n);
}

/* The node at level + 1 gets a sibling behind it: with its upper half, or, if
 * lblk comes behind all that is there, with nothing yet but that key. */
static int split(struct ext4_node *n, struct ext4_path *p, uint32_t level,
                 uint32_t lblk)
{
    struct ext4_extent_header *old = p->level[level + 1].h, *h;
    struct ext4_extent *e = ext4_extents(old);
    uint32_t keep = old->entries / 2;
    struct ext4_index index;
    struct ext4_buf *b;
    int err = new_node(n, &b);

    if (err)
        return err;
    if (!old->depth && e[old->entries - 1].block < lblk)
        keep = old->entries;
    h = (struct ext4_extent_header *)b->data;
    init_header(n->fs, h, old->depth);
    h->entries = (uint16_t)(old->entries - keep);
    memcpy(h + 1, e + keep, h->entries * sizeof(*e));
    index = make_index(h->entries ? ext4_extents(h)->block : lblk, b);
    seal(n, b);
    old->entries = (uint16_t)keep;
    ext4_path_dirty(n, p, level + 1);
    insert(n, p, level, &index);
    ext4_buf_put(b);
    return 0;
}

/* One step towards room in the leaf. */
static int make_room(struct ext4_node *n, struct ext4_path *p, uint32_t lblk)
{
    for (uint32_t i = p->depth; i-- > 0;)
        if (p->level[i].h->entries < p->level[i].h->max)
            return split(n, p, i, lblk);
    return deepen(n);
}

int ext4_extent_add(struct ext4_node *n, uint32_t lblk, uint64_t block,
                    uint32_t len, bool unwritten)
{
    struct ext4_extent new = make_extent(lblk, block, len, unwritten);
    struct ext4_path p;
    int err;

    for (;;) {
        err = ext4_path_find(n, lblk, &p);
        if (err)
            return err;
        if (try_join(n, &p, &new))
            break;
        if (p.level[p.depth].h->entries < p.level[p.depth].h->max) {
            insert(n, &p, p.depth, &new);
            fix_keys(n, &p, lblk);
            break;
        }
        err = make_room(n, &p, lblk);
        ext4_path_put(&p);
        if (err)
            return err;
    }
    ext4_path_put(&p);
    return 0;
}
