/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names in a directory: a list of entries, looked through from the front.
 */
#include "kernel/fs/ext4/ext4.h"
#include "kernel/vfs/mode.h"
#include "lib/string.h"

struct place {
    struct ext4_buf *buf;
    struct ext4_dirent *e, *before; /* NULL: the first of its block */
};

static uint32_t nr_blocks(const struct ext4_node *dir)
{
    return (uint32_t)(dir->inode.size_bytes >> dir->fs->block_shift);
}

static uint32_t needed(size_t name_len)
{
    return (uint32_t)(sizeof(struct ext4_dirent) + name_len + 3) & ~3u;
}

static struct ext4_dirent *next_entry(const struct ext4 *fs,
                                      const struct ext4_buf *b,
                                      struct ext4_dirent *e)
{
    uint8_t *next = (uint8_t *)e + e->rec_len;

    return next < b->data + fs->block_bytes ? (void *)next : NULL;
}

static bool find_in(const struct ext4 *fs, struct ext4_buf *b, const char *name,
                    size_t len, struct place *out)
{
    struct ext4_dirent *before = NULL, *e = (void *)b->data;

    for (; e; before = e, e = next_entry(fs, b, e))
        if (e->inode && e->name_len == len && memcmp(e->name, name, len) == 0) {
            *out = (struct place){b, e, before};
            return true;
        }
    return false;
}

/* 0 with a reference on the block, -ENOENT. */
static int find(struct ext4_node *dir, const char *name, size_t len,
                struct place *out)
{
    for (uint32_t i = 0; i < nr_blocks(dir); i++) {
        struct ext4_buf *b;
        int err = ext4_dir_block(dir, i, &b);

        if (err)
            return err;
        if (find_in(dir->fs, b, name, len, out))
            return 0;
        ext4_buf_put(b);
    }
    return -ENOENT;
}

int ext4_dir_find(struct ext4_node *dir, const char *name, size_t len,
                  uint32_t *ino)
{
    struct place p;
    int err = find(dir, name, len, &p);

    if (err)
        return err;
    *ino = p.e->inode;
    ext4_buf_put(p.buf);
    if (*ino != EXT4_ROOT_INO &&
        (*ino < dir->fs->sb->first_ino || *ino > dir->fs->sb->inodes_count))
        return ext4_damaged(dir->fs, "a name leads to inode", *ino);
    return 0;
}

static uint8_t type_of(uint32_t mode)
{
    static const uint8_t types[16] = {
        [S_IFREG >> 12] = 1, [S_IFDIR >> 12] = 2, [S_IFCHR >> 12] = 3,
        [S_IFBLK >> 12] = 4, [S_IFIFO >> 12] = 5, [S_IFSOCK >> 12] = 6,
        [S_IFLNK >> 12] = 7,
    };

    return types[(mode & S_IFMT) >> 12];
}

static void fill(struct ext4_dirent *e, const char *name, size_t len,
                 const struct ext4_node *child)
{
    e->inode = (uint32_t)child->inode.ino;
    e->name_len = (uint8_t)len;
    e->type = type_of(child->inode.mode);
    memcpy(e->name, name, len);
}

/* Into the room that some entry of the block has to spare. */
static bool add_in(struct ext4_node *dir, struct ext4_buf *b, const char *name,
                   size_t len, const struct ext4_node *child)
{
    uint8_t *end = b->data + ext4_dir_room(dir->fs);
    struct ext4_dirent *e = (void *)b->data;

    for (; e && (uint8_t *)e < end; e = next_entry(dir->fs, b, e)) {
        uint32_t own = e->inode ? needed(e->name_len) : 0;
        struct ext4_dirent *new = (void *)((uint8_t *)e + own);

        if (e->rec_len < own + needed(len))
            continue;
        if (own) {
            new->rec_len = (uint16_t)(e->rec_len - own);
            e->rec_len = (uint16_t)own;
        }
        fill(new, name, len, child);
        ext4_dir_block_dirty(dir, b);
        return true;
    }
    return false;
}

static int new_block(struct ext4_node *dir, struct ext4_buf **out)
{
    uint32_t lblk = nr_blocks(dir);
    struct ext4_run run;
    bool fresh;
    int err;

    if (lblk >= UINT32_MAX >> dir->fs->block_shift)
        return -ENOSPC;
    err = ext4_map_new(dir, lblk, 1, &run, false, &fresh);
    if (!err)
        err = ext4_buf_new(dir->fs, run.block, EXT4_DIR, out);
    if (err)
        return err;
    dir->ordered = false; /* its blocks are metadata */
    ext4_dir_make_empty(dir, *out);
    dir->inode.size_bytes += dir->fs->block_bytes;
    return ext4_node_dirty(dir);
}

int ext4_dir_add(struct ext4_node *dir, const char *name, size_t len,
                 struct ext4_node *child)
{
    uint32_t nr = nr_blocks(dir), at = dir->dir_hint;
    struct ext4_buf *b;
    int err;

    for (uint32_t i = 0; i < nr; i++, at++) {
        bool done;

        at = at < nr ? at : 0;
        err = ext4_dir_block(dir, at, &b);
        if (err)
            return err;
        done = add_in(dir, b, name, len, child);
        ext4_buf_put(b);
        if (done) {
            dir->dir_hint = at;
            return 0;
        }
    }
    err = new_block(dir, &b);
    if (err)
        return err;
    dir->dir_hint = nr;
    add_in(dir, b, name, len, child);
    ext4_buf_put(b);
    return 0;
}

int ext4_dir_remove(struct ext4_node *dir, const char *name, size_t len)
{
    struct place p;
    int err = find(dir, name, len, &p);

    if (err)
        return err;
    if (p.before)
        p.before->rec_len = (uint16_t)(p.before->rec_len + p.e->rec_len);
    p.e->inode = 0;
    ext4_dir_block_dirty(dir, p.buf);
    dir->dir_hint = 0;
    ext4_buf_put(p.buf);
    return 0;
}

int ext4_dir_change(struct ext4_node *dir, const char *name, size_t len,
                    struct ext4_node *child)
{
    struct place p;
    int err = find(dir, name, len, &p);

    if (err)
        return err;
    p.e->inode = (uint32_t)child->inode.ino;
    p.e->type = type_of(child->inode.mode);
    ext4_dir_block_dirty(dir, p.buf);
    ext4_buf_put(p.buf);
    return 0;
}

int ext4_dir_init(struct ext4_node *dir, struct ext4_node *parent)
{
    struct ext4_buf *b;
    int err = new_block(dir, &b);

    if (err)
        return err;
    add_in(dir, b, ".", 1, dir);
    add_in(dir, b, "..", 2, parent);
    ext4_buf_put(b);
    return 0;
}

static bool is_dots(const struct ext4_dirent *e)
{
    return e->name_len && e->name[0] == '.' &&
           (e->name_len == 1 || (e->name_len == 2 && e->name[1] == '.'));
}

int ext4_dir_is_empty(struct ext4_node *dir)
{
    for (uint32_t i = 0; i < nr_blocks(dir); i++) {
        struct ext4_dirent *e;
        struct ext4_buf *b;
        int err = ext4_dir_block(dir, i, &b);

        if (err)
            return err;
        for (e = (void *)b->data; e; e = next_entry(dir->fs, b, e))
            if (e->inode && !is_dots(e))
                break;
        ext4_buf_put(b);
        if (e)
            return -ENOTEMPTY;
    }
    return 0;
}
