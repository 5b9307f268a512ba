/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks of a directory: checked when they are first read, sealed when they
 * are changed.
 */
#include "kernel/fs/ext4/crc32c.h"
#include "kernel/fs/ext4/ext4.h"
#include "lib/string.h"

uint32_t ext4_dir_room(const struct ext4 *fs)
{
    return fs->block_bytes - (fs->csum ? EXT4_DIR_TAIL_BYTES : 0);
}

static struct ext4_dir_tail *tail_of(const struct ext4 *fs,
                                     const struct ext4_buf *b)
{
    return (struct ext4_dir_tail *)(b->data + fs->block_bytes -
                                    EXT4_DIR_TAIL_BYTES);
}

/* All of a block, so that walking it needs no more checks. */
static bool entries_are_sane(const struct ext4 *fs, const struct ext4_buf *b)
{
    uint32_t at = 0;

    while (at < fs->block_bytes) {
        const struct ext4_dirent *e = (void *)(b->data + at);

        if (fs->block_bytes - at < sizeof(*e) || e->rec_len % 4 ||
            e->rec_len < sizeof(*e) + e->name_len ||
            e->rec_len > fs->block_bytes - at || e->rec_len < 12)
            return false;
        at += e->rec_len;
    }
    return true;
}

/* A block of the index shows as one unused entry, or as "." and "..". */
static bool is_index(const struct ext4_node *dir, uint32_t lblk,
                     const struct ext4_buf *b)
{
    const struct ext4_dirent *e = (void *)b->data;

    return (dir->flags & EXT4_INDEX_FL) &&
           (!lblk || (!e->inode && e->rec_len == dir->fs->block_bytes));
}

static bool tail_fits(struct ext4_node *dir, const struct ext4_buf *b)
{
    const struct ext4_dir_tail *t = tail_of(dir->fs, b);

    return !t->inode && t->rec_len == EXT4_DIR_TAIL_BYTES && !t->name_len &&
           t->type == EXT4_DIR_TAIL_TYPE &&
           t->checksum == crc32c(dir->seed, b->data, ext4_dir_room(dir->fs));
}

static int check(struct ext4_node *dir, uint32_t lblk, struct ext4_buf *b)
{
    if (!entries_are_sane(dir->fs, b))
        return ext4_damaged(dir->fs, "a directory, inode", dir->inode.ino);
    if (dir->fs->csum && !is_index(dir, lblk, b) && !tail_fits(dir, b))
        return ext4_damaged(dir->fs, "checksum of a directory, inode",
                            dir->inode.ino);
    b->checked = true;
    return 0;
}

int ext4_dir_block(struct ext4_node *dir, uint32_t lblk, struct ext4_buf **out)
{
    struct ext4_run run;
    int err = ext4_map(dir, lblk, &run);

    if (err)
        return err;
    if (!run.block || run.unwritten)
        return ext4_damaged(dir->fs, "a hole in a directory, inode",
                            dir->inode.ino);
    err = ext4_buf_get(dir->fs, run.block, EXT4_DIR, out);
    if (!err && !(*out)->checked) {
        err = check(dir, lblk, *out);
        if (err)
            ext4_buf_put(*out);
    }
    return err;
}

void ext4_dir_block_dirty(struct ext4_node *dir, struct ext4_buf *b)
{
    if (dir->fs->csum)
        tail_of(dir->fs, b)->checksum =
            crc32c(dir->seed, b->data, ext4_dir_room(dir->fs));
    ext4_buf_dirty(dir->fs, b);
}

void ext4_dir_make_empty(struct ext4_node *dir, struct ext4_buf *b)
{
    struct ext4_dirent *e = (struct ext4_dirent *)b->data;

    memset(b->data, 0, dir->fs->block_bytes);
    e->rec_len = (uint16_t)ext4_dir_room(dir->fs);
    if (dir->fs->csum) {
        tail_of(dir->fs, b)->rec_len = EXT4_DIR_TAIL_BYTES;
        tail_of(dir->fs, b)->type = EXT4_DIR_TAIL_TYPE;
    }
    ext4_dir_block_dirty(dir, b);
}
