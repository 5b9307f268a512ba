/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directories of tmpfs: finding and listing the pinned entries over the image's
 * names. What changes them is names.c's.
 */
#include <linux/errno.h>
#include <linux/fs.h>

#include "kernel/core/alloc.h"
#include "kernel/fs/tmpfs/tnode.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/dirent.h"
#include "kernel/vfs/mode.h"
#include "kernel/vfs/seek.h"
#include "lib/string.h"

/* Offsets in a directory: names of the image first, then pinned ones. */
#define UPPER_BASE (UINT64_C(1) << 56)

bool tmpfs_lower_has(struct tnode *dir, const char *name, size_t len)
{
    uint64_t nid;

    return dir->lower &&
           erofs_lookup(dir->fs->lower, &dir->node, name, len, &nid) == 0;
}

static int tmpfs_lookup(struct inode *dir, struct dentry *d, struct inode **out)
{
    struct tnode *t = tnode_of(dir), *child;
    uint64_t nid;
    int err;

    if (!t->lower)
        return -ENOENT;
    err = erofs_lookup(t->fs->lower, &t->node, d->name, d->name_len, &nid);
    if (!err)
        err = tnode_from_lower(dir->super, nid, &child);
    if (!err)
        *out = &child->inode;
    return err;
}

/* Is the image's name still what it shows? */
static bool shadowed(struct dentry *dir, const struct erofs_dirent *e)
{
    struct dentry *d = dentry_find(dir, e->name, e->name_len);
    bool pinned = d && (d->flags & DENTRY_PINNED);

    if (d)
        dentry_put(d);
    return pinned;
}

static bool is_dots(const struct erofs_dirent *e)
{
    return e->name[0] == '.' &&
           (e->name_len == 1 || (e->name_len == 2 && e->name[1] == '.'));
}

bool tmpfs_dir_empty(struct dentry *dir)
{
    struct tnode *t = tnode_of(dir->inode);
    struct erofs_dirent e;
    uint64_t pos = 0;

    while (t->lower && erofs_readdir(t->fs->lower, &t->node, &pos, &e) == 1)
        if (!is_dots(&e) && !shadowed(dir, &e))
            return false;
    list_for_each(pos_, &dir->children)
    {
        struct dentry *d = container_of(pos_, struct dentry, sibling);

        if ((d->flags & DENTRY_PINNED) && d->inode)
            return false;
    }
    return true;
}

/* Names of the image; f->off - 2 is erofs_readdir's position. */
static int emit_lower(struct file *f, struct dirent_sink *sink)
{
    struct tnode *t = tnode_of(f->inode);
    uint64_t pos = f->off - 2;
    struct erofs_dirent e;

    for (;;) {
        uint64_t next = pos;
        struct erofs_node node;
        int n = erofs_readdir(t->fs->lower, &t->node, &next, &e);

        if (n < 0)
            return n;
        if (n == 0)
            break;
        if (!is_dots(&e) && !shadowed(f->dentry, &e)) {
            if (erofs_node(t->fs->lower, e.nid, &node))
                node.ino = 0;
            if (!dirent_emit(sink, e.name, e.name_len, node.ino, next + 2,
                             e.type))
                return 0;
        }
        pos = next;
        f->off = pos + 2;
    }
    f->off = UPPER_BASE;
    return 0;
}

static void emit_upper(struct file *f, struct dirent_sink *sink)
{
    list_for_each(pos, &f->dentry->children)
    {
        struct dentry *d = container_of(pos, struct dentry, sibling);

        if (!(d->flags & DENTRY_PINNED) || !d->inode ||
            UPPER_BASE + d->cookie < f->off)
            continue;
        if (!dirent_emit(sink, d->name, d->name_len, d->inode->ino,
                         UPPER_BASE + d->cookie + 1,
                         dirent_type(d->inode->mode)))
            return;
        f->off = UPPER_BASE + d->cookie + 1;
    }
}

int64_t tmpfs_getdents(struct file *f, struct uio *to)
{
    struct dirent_sink sink;
    int err = 0;

    dirent_begin(&sink, to);
    if (!dirent_emit_dots(&sink, f))
        return dirent_end(&sink);
    if (f->off < UPPER_BASE) {
        if (tnode_of(f->inode)->lower)
            err = emit_lower(f, &sink);
        else
            f->off = UPPER_BASE;
    }
    if (!err && f->off >= UPPER_BASE)
        emit_upper(f, &sink);
    return err ? err : dirent_end(&sink);
}

static int64_t dir_seek(struct file *f, int64_t off, int whence)
{
    return seek_generic(f, off, whence, f->inode->size_bytes);
}

static int dir_sync(struct file *f, bool data_only)
{
    (void)f, (void)data_only;
    return 0;
}

const struct file_ops tmpfs_dir_fops = {
    .name = "directory",
    .seek = dir_seek,
    .getdents = tmpfs_getdents,
    .sync = dir_sync,
};

static int tmpfs_readlink(struct inode *inode, char *buf, size_t size_bytes)
{
    struct tnode *t = tnode_of(inode);
    uint64_t n = size_bytes;
    const char *p = t->target;

    if (p)
        n = n < inode->size_bytes ? n : inode->size_bytes;
    else
        p = erofs_data(t->fs->lower, &t->node, 0, &n);
    if (!p)
        return -EIO;
    memcpy(buf, p, n);
    return (int)n;
}

#define COMMON                                                                 \
    .getattr = tmpfs_getattr, .setattr = tmpfs_setattr, .evict = tmpfs_evict,  \
    .getxattr = tmpfs_getxattr, .listxattr = tmpfs_listxattr,                  \
    .setxattr = tmpfs_setxattr, .removexattr = tmpfs_removexattr,              \
    .open = tmpfs_open

const struct inode_ops tmpfs_dir_ops = {
    .lookup = tmpfs_lookup,
    .create = tmpfs_create,
    .tmpfile = tmpfs_tmpfile,
    .symlink = tmpfs_symlink,
    .link = tmpfs_link,
    .unlink = tmpfs_unlink,
    .rename = tmpfs_rename,
    COMMON,
};
const struct inode_ops tmpfs_link_ops = {.readlink = tmpfs_readlink, COMMON};
const struct inode_ops tmpfs_file_ops = {COMMON};
const struct inode_ops tmpfs_special_ops = {COMMON};
