/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hashed directories are read as what they also are, plain lists of names; the
 * first change gives the index up: its blocks become empty ordinary ones.
 */
#include "kernel/fs/ext4/ext4.h"
#include "lib/string.h"

enum { INFO_AT = 24, INFO_BYTES = 8, BLOCK_MASK = 0x0fffffff, SPARE = 8 };

static int empty_node(struct ext4_node *dir, uint32_t lblk)
{
    const struct ext4_dirent *e;
    struct ext4_buf *b;
    int err = ext4_dir_block(dir, lblk, &b);

    if (err)
        return err;
    e = (const struct ext4_dirent *)b->data;
    if (e->inode || e->rec_len != dir->fs->block_bytes)
        err = ext4_damaged(dir->fs, "the index of a directory, inode",
                           dir->inode.ino);
    else
        ext4_dir_make_empty(dir, b);
    ext4_buf_put(b);
    return err;
}

/* ".." takes what the index had, but for the room of a checksum. */
static void plain_root(struct ext4_node *dir, struct ext4_buf *b)
{
    struct ext4_dirent *dot = (struct ext4_dirent *)b->data;
    struct ext4_dirent *up = (void *)(b->data + dot->rec_len);
    uint32_t self = dot->inode, parent = up->inode;

    ext4_dir_make_empty(dir, b);
    *dot = (struct ext4_dirent){self, 12, 1, dot->type};
    dot->name[0] = '.';
    up = (struct ext4_dirent *)(b->data + 12);
    *up = (struct ext4_dirent){parent, (uint16_t)(ext4_dir_room(dir->fs) - 12),
                               2, 0};
    up->name[0] = up->name[1] = '.';
    dot->type = up->type = 2; /* a directory */
    ext4_dir_block_dirty(dir, b);
}

static int give_up(struct ext4_node *dir, struct ext4_buf *root,
                   const struct ext4_hash_entry *entries, uint32_t nr)
{
    int err = ext4_begin_large(dir->fs, nr + SPARE);

    if (err)
        return err;
    for (uint32_t i = 0; !err && i < nr; i++)
        err = empty_node(dir, entries[i].block & BLOCK_MASK);
    if (err)
        return ext4_abort(dir->fs, err, "changing a hashed directory");
    plain_root(dir, root);
    dir->flags &= ~(uint32_t)EXT4_INDEX_FL;
    return ext4_node_dirty(dir);
}

static int unindex(struct ext4_node *dir, struct ext4_buf *root)
{
    const struct ext4_dirent *dot = (const struct ext4_dirent *)root->data;
    const struct ext4_hash_info *info = (void *)(root->data + INFO_AT);
    const struct ext4_hash_entry *entries = (const void *)(info + 1);
    uint32_t room = (dir->fs->block_bytes - INFO_AT - INFO_BYTES) /
                    (uint32_t)sizeof(*entries);
    uint32_t nr = info->levels ? entries->hash >> 16 : 0;

    if (dot->rec_len != 12 || info->info_len != INFO_BYTES ||
        info->levels > 1 || nr > room)
        return ext4_damaged(dir->fs, "the index of a directory, inode",
                            dir->inode.ino);
    return give_up(dir, root, entries, nr);
}

int ext4_dir_unindex(struct ext4_node *dir)
{
    struct ext4_buf *root;
    int err;

    if (!(dir->flags & EXT4_INDEX_FL))
        return 0;
    err = ext4_dir_block(dir, 0, &root);
    if (err)
        return err;
    err = unindex(dir, root);
    ext4_buf_put(root);
    return err;
}
