/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block groups: their descriptors and bitmaps.
 */
#include "kernel/fs/ext4/crc32c.h"
#include "kernel/fs/ext4/ext4.h"
#include "lib/string.h"

static bool wide(const struct ext4 *fs)
{
    return fs->desc_bytes >= EXT4_GROUP_LONG;
}

static uint64_t join(const struct ext4 *fs, uint32_t lo, uint32_t hi)
{
    return ext4_join(lo, wide(fs) ? hi : 0);
}

static uint16_t desc_checksum(const struct ext4 *fs,
                              const struct ext4_group_ref *g)
{
    size_t at = offsetof(struct ext4_group, checksum);
    const uint8_t *p = (const uint8_t *)g->desc;
    uint16_t zero = 0;
    uint32_t crc = crc32c(fs->seed, &g->nr, sizeof(g->nr));

    crc = crc32c(crc, p, at);
    crc = crc32c(crc, &zero, sizeof(zero));
    return (uint16_t)crc32c(crc, p + at + 2, fs->desc_bytes - at - 2);
}

int ext4_group_get(struct ext4 *fs, uint32_t nr, struct ext4_group_ref *out)
{
    uint32_t per_block = fs->block_bytes / fs->desc_bytes;
    int err = ext4_buf_get(fs, fs->first_data_block + 1 + nr / per_block,
                           EXT4_PLAIN, &out->buf);

    if (err)
        return err;
    out->nr = nr;
    out->desc =
        (struct ext4_group *)(out->buf->data + nr % per_block * fs->desc_bytes);
    return 0;
}

void ext4_group_dirty(struct ext4 *fs, struct ext4_group_ref *g)
{
    if (fs->csum)
        g->desc->checksum = desc_checksum(fs, g);
    ext4_buf_dirty(fs, g->buf);
}

uint64_t ext4_group_start(struct ext4 *fs, uint32_t nr)
{
    return fs->first_data_block + (uint64_t)nr * fs->blocks_per_group;
}

uint32_t ext4_group_blocks(struct ext4 *fs, uint32_t nr)
{
    uint64_t left = fs->nr_blocks - ext4_group_start(fs, nr);

    return left < fs->blocks_per_group ? (uint32_t)left : fs->blocks_per_group;
}

uint64_t ext4_group_table(struct ext4 *fs, const struct ext4_group *g)
{
    return join(fs, g->inode_table_lo, wide(fs) ? g->inode_table_hi : 0);
}

static uint64_t block_map_at(struct ext4 *fs, const struct ext4_group *g)
{
    return join(fs, g->block_bitmap_lo, wide(fs) ? g->block_bitmap_hi : 0);
}

static uint64_t inode_map_at(struct ext4 *fs, const struct ext4_group *g)
{
    return join(fs, g->inode_bitmap_lo, wide(fs) ? g->inode_bitmap_hi : 0);
}

uint32_t ext4_group_free(struct ext4 *fs, const struct ext4_group *g)
{
    return g->free_blocks_lo | (wide(fs) ? g->free_blocks_hi << 16 : 0);
}

void ext4_group_set_free(struct ext4 *fs, struct ext4_group *g, uint32_t nr)
{
    g->free_blocks_lo = (uint16_t)nr;
    if (wide(fs))
        g->free_blocks_hi = (uint16_t)(nr >> 16);
}

static uint32_t table_blocks(const struct ext4 *fs)
{
    return (fs->inodes_per_group * fs->inode_bytes + fs->block_bytes - 1) >>
           fs->block_shift;
}

static uint32_t desc_blocks(const struct ext4 *fs)
{
    uint32_t per_block = fs->block_bytes / fs->desc_bytes;

    return (fs->nr_groups + per_block - 1) / per_block;
}

/* Is it beyond what every file system begins with, and inside? */
static bool placed(struct ext4 *fs, uint64_t block, uint32_t nr)
{
    return block > fs->first_data_block + desc_blocks(fs) &&
           block < fs->nr_blocks && nr <= fs->nr_blocks - block;
}

static int check_group(struct ext4 *fs, uint32_t nr)
{
    struct ext4_group_ref g;
    int err = ext4_group_get(fs, nr, &g);

    if (err)
        return err;
    if (fs->csum && g.desc->checksum != desc_checksum(fs, &g))
        err = ext4_damaged(fs, "checksum of a group's descriptor", nr);
    else if (!placed(fs, block_map_at(fs, g.desc), 1) ||
             !placed(fs, inode_map_at(fs, g.desc), 1) ||
             !placed(fs, ext4_group_table(fs, g.desc), table_blocks(fs)))
        err = ext4_damaged(fs, "a group's descriptor", nr);
    ext4_buf_put(g.buf);
    return err;
}

int ext4_groups_check(struct ext4 *fs)
{
    int err = 0;

    if (desc_blocks(fs) >= fs->blocks_per_group)
        return ext4_damaged(fs, "the number of groups", fs->nr_groups);
    for (uint32_t nr = 0; !err && nr < fs->nr_groups; nr++)
        err = check_group(fs, nr);
    return err;
}

static bool is_power_of(uint32_t nr, uint32_t base)
{
    while (nr % base == 0)
        nr /= base;
    return nr == 1;
}

bool ext4_group_has_super(struct ext4 *fs, uint32_t nr)
{
    if (nr <= 1 || !(fs->sb->feature_ro_compat & EXT4_SPARSE_SUPER))
        return true;
    return is_power_of(nr, 3) || is_power_of(nr, 5) || is_power_of(nr, 7);
}

bool ext4_group_owns(struct ext4 *fs, const struct ext4_group_ref *g,
                     uint64_t block)
{
    uint64_t start = ext4_group_start(fs, g->nr);

    if (block == block_map_at(fs, g->desc) ||
        block == inode_map_at(fs, g->desc) ||
        block - ext4_group_table(fs, g->desc) < table_blocks(fs))
        return true;
    return ext4_group_has_super(fs, g->nr) &&
           block - start < 1u + desc_blocks(fs) + fs->sb->reserved_gdt_blocks;
}

static void set_bits(uint8_t *map, uint32_t from, uint32_t end)
{
    for (; from < end; from++)
        map[from / 8] |= (uint8_t)(1 << from % 8);
}

/* What the bitmap of a group that was never used says. */
static void make_block_map(struct ext4 *fs, struct ext4_group_ref *g,
                           uint8_t *map)
{
    uint32_t nr = ext4_group_blocks(fs, g->nr);
    uint64_t start = ext4_group_start(fs, g->nr);

    memset(map, 0, fs->block_bytes);
    for (uint32_t i = 0; i < nr; i++)
        if (ext4_group_owns(fs, g, start + i))
            set_bits(map, i, i + 1);
    set_bits(map, nr, fs->block_bytes * 8);
}

static uint32_t map_checksum(const struct ext4 *fs, const struct ext4_buf *map,
                             uint32_t bits)
{
    uint32_t crc = crc32c(fs->seed, map->data, bits / 8);

    return wide(fs) ? crc : crc & 0xffff;
}

/* The two bitmaps of a group are alike but for their fields. */
struct map_kind {
    enum ext4_kind kind;
    const char *damage;
    uint16_t uninit; /* flag: it was never written */
    uint32_t bits;
    uint64_t at;
    uint16_t *csum_lo, *csum_hi;
};

static struct map_kind block_map(struct ext4 *fs, struct ext4_group *d)
{
    return (struct map_kind){
        EXT4_BLOCK_MAP,          "checksum of a block bitmap",
        EXT4_BG_BLOCK_UNINIT,    fs->blocks_per_group,
        block_map_at(fs, d),     &d->block_bitmap_csum_lo,
        &d->block_bitmap_csum_hi};
}

static struct map_kind inode_map(struct ext4 *fs, struct ext4_group *d)
{
    return (struct map_kind){
        EXT4_INODE_MAP,          "checksum of an inode bitmap",
        EXT4_BG_INODE_UNINIT,    fs->inodes_per_group,
        inode_map_at(fs, d),     &d->inode_bitmap_csum_lo,
        &d->inode_bitmap_csum_hi};
}

static bool map_fits(const struct ext4 *fs, const struct map_kind *k,
                     const struct ext4_buf *map)
{
    uint32_t want = *k->csum_lo;

    if (wide(fs))
        want |= (uint32_t)*k->csum_hi << 16;
    return !fs->csum || map_checksum(fs, map, k->bits) == want;
}

static int read_map(struct ext4 *fs, struct ext4_group_ref *g,
                    const struct map_kind *k, struct ext4_buf **out)
{
    int err = ext4_buf_get(fs, k->at, k->kind, out);

    if (err || (*out)->checked)
        return err;
    if (!map_fits(fs, k, *out)) {
        ext4_buf_put(*out);
        return ext4_damaged(fs, k->damage, g->nr);
    }
    (*out)->checked = true;
    return 0;
}

static void map_dirty(struct ext4 *fs, struct ext4_group_ref *g,
                      const struct map_kind *k, struct ext4_buf *map)
{
    uint32_t crc;

    g->desc->flags &= (uint16_t)~k->uninit;
    if (fs->csum) {
        crc = map_checksum(fs, map, k->bits);
        *k->csum_lo = (uint16_t)crc;
        if (wide(fs))
            *k->csum_hi = (uint16_t)(crc >> 16);
    }
    ext4_buf_dirty(fs, map);
    ext4_group_dirty(fs, g);
}

int ext4_block_bitmap(struct ext4 *fs, struct ext4_group_ref *g,
                      struct ext4_buf **out)
{
    struct map_kind k = block_map(fs, g->desc);
    int err;

    if (!(g->desc->flags & k.uninit))
        return read_map(fs, g, &k, out);
    err = ext4_buf_new(fs, k.at, k.kind, out);
    if (!err)
        make_block_map(fs, g, (*out)->data);
    return err;
}

int ext4_inode_bitmap(struct ext4 *fs, struct ext4_group_ref *g,
                      struct ext4_buf **out)
{
    struct map_kind k = inode_map(fs, g->desc);
    int err;

    if (!(g->desc->flags & k.uninit))
        return read_map(fs, g, &k, out);
    err = ext4_buf_new(fs, k.at, k.kind, out);
    if (!err)
        set_bits((*out)->data, k.bits, fs->block_bytes * 8);
    return err;
}

void ext4_block_bitmap_dirty(struct ext4 *fs, struct ext4_group_ref *g,
                             struct ext4_buf *map)
{
    struct map_kind k = block_map(fs, g->desc);

    map_dirty(fs, g, &k, map);
}

void ext4_inode_bitmap_dirty(struct ext4 *fs, struct ext4_group_ref *g,
                             struct ext4_buf *map)
{
    struct map_kind k = inode_map(fs, g->desc);

    map_dirty(fs, g, &k, map);
}
