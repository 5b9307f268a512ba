/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nodes of pseudo file systems: a tree made from the table, and for dynamic
 * directories nodes that live as long as somebody refers to them.
 */
#include "kernel/fs/pseudo/pseudo.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "kernel/core/alloc.h"
#include "kernel/fs/pseudo/pseudo_file.h"
#include "kernel/vfs/dentry.h"
#include "kernel/vfs/dirent.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/seek.h"
#include "lib/fmt.h"
#include "lib/string.h"

static const struct inode_ops dir_ops, number_dir_ops;

static struct pnode *pnode_of(struct inode *inode)
{
    return container_of(inode, struct pnode, inode);
}

static uint32_t mode_of(const struct pseudo_entry *e)
{
    if (!e || e->next)
        return S_IFDIR | 0555;
    if (e->link || e->readlink || e->follow)
        return S_IFLNK | 0777;
    return S_IFREG | (e->store ? 0644 : 0444);
}

static uint64_t ino_next(void)
{
    static uint64_t ino = 1;

    return ++ino;
}

static void dynamic_evict(struct inode *inode)
{
    kfree(pnode_of(inode));
}

static const struct inode_ops link_ops = {
    .readlink = pseudo_readlink,
    .follow = pseudo_follow,
};
static const struct inode_ops file_ops_ = {.open = pseudo_open};
static const struct inode_ops dynamic_link_ops = {
    .readlink = pseudo_readlink,
    .follow = pseudo_follow,
    .evict = dynamic_evict,
};
static const struct inode_ops dynamic_file_ops = {
    .open = pseudo_open,
    .evict = dynamic_evict,
};

static const struct inode_ops *ops_of(const struct pseudo_entry *e,
                                      bool dynamic)
{
    uint32_t type = mode_of(e) & S_IFMT;

    if (type == S_IFDIR)
        return e && e->next ? &number_dir_ops : &dir_ops;
    if (type == S_IFLNK)
        return dynamic ? &dynamic_link_ops : &link_ops;
    return dynamic ? &dynamic_file_ops : &file_ops_;
}

static struct pnode *pnode_new(struct super *super,
                               const struct pseudo_entry *e, const char *name,
                               size_t name_len)
{
    struct pnode *n = kzalloc(sizeof(*n) + name_len + 1);

    if (!n)
        return NULL;
    inode_init(&n->inode, super, ops_of(e, false), ino_next(), mode_of(e));
    memcpy(n->name, name, name_len);
    n->name_len = name_len;
    n->entry = e;
    n->arg = e ? e->arg : 0;
    return n;
}

static struct pnode *child(struct pnode *dir, const char *name, size_t len)
{
    for (struct pnode *n = dir->children; n; n = n->next)
        if (n->name_len == len && memcmp(n->name, name, len) == 0)
            return n;
    return NULL;
}

static void add(struct pnode *root, const struct pseudo_entry *e)
{
    const char *p = e->path, *end;
    struct pnode *dir = root, *n;

    for (;; p = end + 1) {
        end = strchr(p, '/');
        n = child(dir, p, end ? (size_t)(end - p) : strlen(p));
        if (!n) {
            n = pnode_new(root->inode.super, end ? NULL : e, p,
                          end ? (size_t)(end - p) : strlen(p));
            if (!n)
                return;
            n->next = dir->children;
            dir->children = n;
        }
        if (!end)
            return;
        dir = n;
    }
}

static void populate(struct pnode *dir)
{
    for (size_t i = 0; i < dir->nr_entries; i++)
        add(dir, &dir->entries[i]);
    dir->nr_entries = 0;
}

static int dir_lookup(struct inode *inode, struct dentry *d, struct inode **out)
{
    struct pnode *dir = pnode_of(inode), *n;

    populate(dir);
    n = child(dir, d->name, d->name_len);
    if (!n)
        return -ENOENT;
    inode_get(&n->inode);
    *out = &n->inode;
    return 0;
}

/* Decimal without leading zeros, or -1. */
static int64_t number_of(const char *name, size_t len)
{
    int64_t value = 0;

    if (len == 0 || len > 9 || (name[0] == '0' && len > 1))
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (name[i] < '0' || name[i] > '9')
            return -1;
        value = value * 10 + name[i] - '0';
    }
    return value;
}

/* What stands below a number: a link or file, or a directory of its own. */
static struct pnode *number_node(struct pnode *dir, int64_t number)
{
    const struct pseudo_entry *c = dir->entry->children;
    bool leaf = c->path[0] == '\0';
    struct pnode *n = pnode_new(dir->inode.super, leaf ? c : NULL, "", 0);

    if (!n)
        return NULL;
    n->arg = (uint64_t)number;
    if (leaf)
        n->inode.ops = ops_of(c, true);
    else
        n->children_of = dir->entry;
    return n;
}

static int number_lookup(struct inode *inode, struct dentry *d,
                         struct inode **out)
{
    struct pnode *dir = pnode_of(inode), *n;
    int64_t number = number_of(d->name, d->name_len);

    if (number < 0 || dir->entry->next(number) != number)
        return -ENOENT;
    n = number_node(dir, number);
    if (!n)
        return -ENOMEM;
    if (n->children_of)
        n->inode.ops = &pseudo_task_ops;
    *out = &n->inode;
    return 0;
}

/* Directory of one number: files by the children's table. */
static const struct pseudo_entry *task_entry(const struct pnode *dir,
                                             const char *name, size_t len)
{
    const struct pseudo_entry *set = dir->children_of;

    for (size_t i = 0; i < set->nr_children; i++)
        if (strlen(set->children[i].path) == len &&
            memcmp(set->children[i].path, name, len) == 0)
            return &set->children[i];
    return NULL;
}

static int task_lookup(struct inode *inode, struct dentry *d,
                       struct inode **out)
{
    struct pnode *dir = pnode_of(inode), *n;
    const struct pseudo_entry *e = task_entry(dir, d->name, d->name_len);

    if (!e || dir->children_of->next((int64_t)dir->arg) != (int64_t)dir->arg)
        return -ENOENT;
    n = pnode_new(inode->super, e, "", 0);
    if (!n)
        return -ENOMEM;
    n->arg = dir->arg;
    n->inode.ops = ops_of(e, true);
    *out = &n->inode;
    return 0;
}

static int64_t dir_getdents(struct file *f, struct uio *to)
{
    struct pnode *dir = pnode_of(f->inode);
    struct dirent_sink sink;
    uint64_t at = 2;

    populate(dir);
    dirent_begin(&sink, to);
    if (!dirent_emit_dots(&sink, f))
        return dirent_end(&sink);
    for (struct pnode *n = dir->children; n; n = n->next, at++) {
        if (at < f->off)
            continue;
        if (!dirent_emit(&sink, n->name, n->name_len, n->inode.ino, at + 1,
                         dirent_type(n->inode.mode)))
            break;
        f->off = at + 1;
    }
    return dirent_end(&sink);
}

static int64_t number_getdents(struct file *f, struct uio *to)
{
    const struct pseudo_entry *e = pnode_of(f->inode)->entry;
    uint8_t type = e->children->path[0] ? dirent_type(S_IFDIR)
                                        : dirent_type(mode_of(e->children));
    struct dirent_sink sink;
    char name[12];
    int64_t number;

    dirent_begin(&sink, to);
    if (!dirent_emit_dots(&sink, f))
        return dirent_end(&sink);
    while ((number = e->next((int64_t)f->off - 2)) >= 0) {
        size_t len = (size_t)snprintf(name, sizeof(name), "%ld", number);

        if (!dirent_emit(&sink, name, len, (uint64_t)number + 1000000,
                         (uint64_t)number + 3, type))
            break;
        f->off = (uint64_t)number + 3;
    }
    return dirent_end(&sink);
}

static int64_t task_getdents(struct file *f, struct uio *to)
{
    const struct pseudo_entry *set = pnode_of(f->inode)->children_of;
    struct dirent_sink sink;

    dirent_begin(&sink, to);
    if (!dirent_emit_dots(&sink, f))
        return dirent_end(&sink);
    for (size_t i = f->off - 2; i < set->nr_children; i++) {
        const struct pseudo_entry *e = &set->children[i];

        if (!dirent_emit(&sink, e->path, strlen(e->path), 2000000 + i, i + 3,
                         dirent_type(mode_of(e))))
            break;
        f->off = i + 3;
    }
    return dirent_end(&sink);
}

static int64_t dir_seek(struct file *f, int64_t off, int whence)
{
    return seek_generic(f, off, whence, 0);
}

static const struct file_ops dir_fops = {
    .name = "directory",
    .seek = dir_seek,
    .getdents = dir_getdents,
};
static const struct file_ops number_fops = {
    .name = "directory",
    .seek = dir_seek,
    .getdents = number_getdents,
};
static const struct file_ops task_fops = {
    .name = "directory",
    .seek = dir_seek,
    .getdents = task_getdents,
};

static int dir_open(struct inode *inode, struct file *f)
{
    f->ops = inode->ops == &dir_ops          ? &dir_fops
             : inode->ops == &number_dir_ops ? &number_fops
                                             : &task_fops;
    return 0;
}

static const struct inode_ops dir_ops = {
    .lookup = dir_lookup,
    .open = dir_open,
};
static const struct inode_ops number_dir_ops = {
    .lookup = number_lookup,
    .open = dir_open,
};
const struct inode_ops pseudo_task_ops = {
    .lookup = task_lookup,
    .open = dir_open,
    .evict = dynamic_evict,
};

int pseudo_mount(struct super *super, const char *path,
                 const struct pseudo_entry *entries, size_t nr)
{
    struct pnode *root = pnode_new(super, NULL, "", 0);

    if (!root)
        return -ENOMEM;
    root->entries = entries;
    root->nr_entries = nr;
    super->dev = mount_new_dev();
    super->flags |= SUPER_NOCACHE;
    super->root = dentry_root(super, &root->inode);
    return super->root ? mount_add(super, path) : -ENOMEM;
}
