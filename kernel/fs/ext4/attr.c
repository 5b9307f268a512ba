/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attributes, opening, and directories as files.
 */
#include "kernel/fs/dev/dev.h"
#include "kernel/fs/ext4/ext4.h"
#include "kernel/vfs/dirent.h"
#include "kernel/vfs/mode.h"
#include "kernel/vfs/seek.h"

int ext4_getattr(struct inode *inode, struct kstat *st)
{
    st->blocks = ext4_node_of(inode)->nr_sectors;
    return 0;
}

int ext4_setattr(struct inode *inode, const struct iattr *attr)
{
    struct ext4_node *n = ext4_node_of(inode);
    int err = ext4_begin(n->fs);

    if (!err && (attr->valid & ATTR_SIZE)) {
        err =
            S_ISREG(inode->mode) ? ext4_truncate(n, attr->size_bytes) : -EINVAL;
        if (!err)
            inode_touch(inode);
    }
    if (err)
        return err;
    inode_take_attr(inode, attr);
    return ext4_node_dirty(n);
}

int ext4_open(struct inode *inode, struct file *f)
{
    switch (inode->mode & S_IFMT) {
    case S_IFREG:
        f->ops = &ext4_file_fops;
        return 0;
    case S_IFDIR:
        f->ops = &ext4_dir_fops;
        return 0;
    default:
        return special_open(inode, f);
    }
}

static bool is_dots(const struct ext4_dirent *e)
{
    return e->name[0] == '.' &&
           (e->name_len == 1 || (e->name_len == 2 && e->name[1] == '.'));
}

/* Entries of one block from f->off on, which is 2 and the place in the
 * directory. False: no room for more. */
static bool emit_block(struct file *f, struct dirent_sink *sink,
                       const struct ext4_buf *b, uint64_t base)
{
    /* S_IFMT >> 12, by the type that an entry tells */
    static const uint8_t types[8] = {0, 8, 4, 2, 6, 1, 12, 10};
    uint32_t bytes = ext4_node_of(f->inode)->fs->block_bytes, at = 0;

    while (at < bytes) {
        const struct ext4_dirent *e = (void *)(b->data + at);
        uint64_t next = base + at + e->rec_len + 2;

        if (base + at + 2 >= f->off && e->inode && !is_dots(e) &&
            !dirent_emit(sink, e->name, e->name_len, e->inode, next,
                         types[e->type & 7]))
            return false;
        at += e->rec_len;
        if (next > f->off)
            f->off = next;
    }
    return true;
}

static int64_t getdents(struct file *f, struct uio *to)
{
    struct ext4_node *dir = ext4_node_of(f->inode);
    struct dirent_sink sink;
    int err = 0;

    dirent_begin(&sink, to);
    if (!dirent_emit_dots(&sink, f))
        return dirent_end(&sink);
    while (!err && f->off - 2 < f->inode->size_bytes) {
        uint64_t lblk = (f->off - 2) >> dir->fs->block_shift;
        struct ext4_buf *b;
        bool more;

        err = ext4_dir_block(dir, (uint32_t)lblk, &b);
        if (err)
            break;
        more = emit_block(f, &sink, b, lblk << dir->fs->block_shift);
        ext4_buf_put(b);
        if (!more)
            break;
    }
    ext4_mark_accessed(f->inode);
    return err && !sink.done_bytes ? err : dirent_end(&sink);
}

static int64_t dir_seek(struct file *f, int64_t off, int whence)
{
    return seek_generic(f, off, whence, f->inode->size_bytes + 2);
}

const struct file_ops ext4_dir_fops = {
    .name = "directory",
    .seek = dir_seek,
    .getdents = getdents,
    .sync = ext4_fsync,
};
