/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directories of tmpfs: the tree of pinned entries, over the image's names.
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

/* A new inode as dir's child: owner, set-group-id. */
static struct tnode *new_child(struct inode *dir, uint32_t mode)
{
    struct tnode *t;

    if ((dir->mode & S_ISGID) && S_ISDIR(mode))
        mode |= S_ISGID;
    t = tnode_new(dir->super, mode);
    if (t && (dir->mode & S_ISGID))
        t->inode.gid = dir->gid;
    return t;
}

static void enter(struct inode *dir, struct dentry *d, struct inode *inode)
{
    dentry_set(d, inode);
    dentry_pin(d);
    if (S_ISDIR(inode->mode))
        dir->nlink++;
    inode_touch(dir);
    tnode_keep(tnode_of(dir));
}

static int tmpfs_create(struct inode *dir, struct dentry *d, uint32_t mode,
                        uint64_t rdev)
{
    struct tnode *t;

    if (!dir->nlink)
        return -ENOENT;
    t = new_child(dir, mode);
    if (!t)
        return -ENOMEM;
    t->inode.rdev = rdev;
    enter(dir, d, &t->inode);
    return 0;
}

static int tmpfs_tmpfile(struct inode *dir, uint32_t mode, struct inode **out)
{
    struct tnode *t = new_child(dir, mode);

    if (!t)
        return -ENOMEM;
    t->inode.nlink = 0;
    *out = &t->inode;
    return 0;
}

static int tmpfs_symlink(struct inode *dir, struct dentry *d,
                         const char *target)
{
    struct tnode *t;

    if (!dir->nlink)
        return -ENOENT;
    t = new_child(dir, S_IFLNK | 0777);
    if (!t)
        return -ENOMEM;
    t->target = kstrdup(target);
    if (!t->target) {
        inode_put(&t->inode);
        return -ENOMEM;
    }
    t->inode.size_bytes = strlen(target);
    enter(dir, d, &t->inode);
    return 0;
}

static int tmpfs_link(struct inode *dir, struct dentry *d, struct inode *inode)
{
    if (!dir->nlink)
        return -ENOENT;
    inode_get(inode);
    inode->nlink++;
    inode_changed(inode);
    tnode_keep(tnode_of(inode));
    enter(dir, d, inode);
    return 0;
}

/* A lower name that is about to lose its meaning needs a pinned negative
 * entry in its place: *out, or NULL if there is no such name. */
static int prepare_whiteout(struct dentry *d, struct dentry **out)
{
    struct dentry *parent = d->parent;

    *out = NULL;
    if (!tmpfs_lower_has(tnode_of(parent->inode), d->name, d->name_len))
        return 0;
    *out = dentry_new(parent, d->name, d->name_len);
    return *out ? 0 : -ENOMEM;
}

static void place_whiteout(struct dentry *whiteout)
{
    if (!whiteout)
        return;
    dentry_pin(whiteout);
    dentry_put(whiteout);
}

/* The inode loses the name d in dir. */
static void drop_link(struct inode *dir, struct inode *inode)
{
    if (S_ISDIR(inode->mode)) {
        dir->nlink--;
        inode->nlink = 1;
    }
    tnode_unlinked(tnode_of(inode));
}

static int tmpfs_unlink(struct inode *dir, struct dentry *d)
{
    struct dentry *whiteout;
    int err;

    if (S_ISDIR(d->inode->mode) && !tmpfs_dir_empty(d))
        return -ENOTEMPTY;
    err = prepare_whiteout(d, &whiteout);
    if (err)
        return err;
    dentry_unhash(d);
    place_whiteout(whiteout);
    drop_link(dir, d->inode);
    inode_touch(dir);
    tnode_keep(tnode_of(dir));
    return 0;
}

static void moved(struct inode *from, struct inode *to, struct dentry *d)
{
    if (S_ISDIR(d->inode->mode) && from != to) {
        from->nlink--;
        to->nlink++;
    }
    inode_changed(d->inode);
    inode_touch(from);
    inode_touch(to);
    tnode_keep(tnode_of(from));
    tnode_keep(tnode_of(to));
}

static int exchange(struct inode *a_dir, struct dentry *a, struct inode *b_dir,
                    struct dentry *b)
{
    struct dentry *a_parent = a->parent, *b_parent = b->parent;
    char a_name[DENTRY_NAME_MAX + 1], b_name[DENTRY_NAME_MAX + 1];
    int err;

    strlcpy(a_name, a->name, sizeof(a_name));
    strlcpy(b_name, b->name, sizeof(b_name));
    dentry_get(a_parent);
    err = dentry_move(a, b_parent, b_name, strlen(b_name));
    if (!err) {
        err = dentry_move(b, a_parent, a_name, strlen(a_name));
        if (err) /* a's old name needs no more memory than it had */
            dentry_move(a, a_parent, a_name, strlen(a_name));
    }
    dentry_put(a_parent);
    if (err)
        return err;
    dentry_pin(a);
    dentry_pin(b);
    moved(a_dir, b_dir, a);
    moved(b_dir, a_dir, b);
    return 0;
}

static int tmpfs_rename(struct inode *old_dir, struct dentry *old,
                        struct inode *new_dir, struct dentry *new,
                        uint32_t flags)
{
    struct dentry *whiteout;
    int err;

    if (!new_dir->nlink)
        return -ENOENT;
    if (flags & RENAME_EXCHANGE)
        return exchange(old_dir, old, new_dir, new);
    if (new->inode && S_ISDIR(new->inode->mode) && !tmpfs_dir_empty(new))
        return -ENOTEMPTY;
    err = prepare_whiteout(old, &whiteout);
    if (err)
        return err;
    err = dentry_move(old, new->parent, new->name, new->name_len);
    if (err) {
        if (whiteout)
            dentry_put(whiteout);
        return err;
    }
    dentry_unhash(new);
    if (new->inode)
        drop_link(new_dir, new->inode);
    dentry_pin(old);
    place_whiteout(whiteout);
    moved(old_dir, new_dir, old);
    return 0;
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
