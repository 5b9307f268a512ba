/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inodes and directories of table-driven file systems. Inodes are made for
 * each look-up and live as long as somebody uses them.
 */
#include "kernel/fs/pseudo/pseudo.h"

#include <linux/errno.h>
#include <linux/stat.h>

#include "kernel/core/alloc.h"
#include "kernel/fs/pseudo/text.h"
#include "kernel/vfs/dentry.h"
#include "kernel/vfs/dirent.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/seek.h"
#include "lib/fmt.h"
#include "lib/string.h"

/* Numbered entries stand behind the fixed ones in a directory. */
#define NUMBERED_BASE (UINT64_C(1) << 32)

static const struct inode_ops pseudo_ops;

static uint32_t type_of(const struct pseudo_node *n)
{
    if (n->readlink || n->follow)
        return S_IFLNK;
    return n->show || n->store ? S_IFREG : S_IFDIR;
}

/* The same object has the same number each time. */
static uint64_t number_of(const struct pseudo_node *n, uint64_t arg)
{
    uint64_t h = ((uintptr_t)n * UINT64_C(0x9e3779b97f4a7c15)) ^
                 (arg * UINT64_C(0xc2b2ae3d27d4eb4f));

    return h >> 32 | UINT64_C(1) << 32;
}

static struct inode *make(struct super *super, const struct pseudo_node *n,
                          uint64_t arg)
{
    struct pseudo_inode *p = kzalloc(sizeof(*p));

    if (!p)
        return NULL;
    inode_init(&p->inode, super, &pseudo_ops, number_of(n, arg),
               type_of(n) | n->mode);
    if (S_ISDIR(p->inode.mode))
        p->inode.nlink = 2;
    p->node = n;
    p->arg = arg;
    return &p->inode;
}

/* Decimal without sign or leading zeros. */
static bool parse(const char *s, uint64_t *nr)
{
    const char *end;

    if (*s < '0' || *s > '9' || (*s == '0' && s[1]))
        return false;
    *nr = str_to_u64(s, &end);
    return *end == '\0';
}

static bool is_numbered(const struct pseudo_inode *dir, const char *name,
                        uint64_t *nr)
{
    const struct pseudo_node *n = dir->node;
    size_t skip = n->prefix ? strlen(n->prefix) : 0;

    uint64_t first;

    if (!n->each || strncmp(name, n->prefix ? n->prefix : "", skip) != 0 ||
        !parse(name + skip, nr))
        return false;
    if (n->exists)
        return n->exists(dir->arg, *nr);
    first = *nr;
    return n->next(dir->arg, &first) && first == *nr;
}

static int pseudo_lookup(struct inode *inode, struct dentry *name,
                         struct inode **out)
{
    struct pseudo_inode *dir = pseudo_of(inode);
    const struct pseudo_node *e = dir->node->entries;
    uint64_t arg = dir->arg;

    for (; e && e->name; e++)
        if (strcmp(e->name, name->name) == 0)
            break;
    if (e && e->name)
        arg = e->arg ? e->arg : arg;
    else if (is_numbered(dir, name->name, &arg))
        e = dir->node->each;
    else
        return -ENOENT;
    *out = make(inode->super, e, arg);
    return *out ? 0 : -ENOMEM;
}

static int pseudo_readlink(struct inode *inode, char *buf, size_t size_bytes)
{
    struct pseudo_inode *p = pseudo_of(inode);

    return p->node->readlink(p->arg, buf, size_bytes);
}

static int pseudo_follow(struct inode *inode, struct dentry **out)
{
    struct pseudo_inode *p = pseudo_of(inode);

    *out = NULL;
    return p->node->follow ? p->node->follow(p->arg, out) : 0;
}

/* Only what opening with O_TRUNC asks for. */
static int pseudo_setattr(struct inode *inode, const struct iattr *attr)
{
    bool writable = pseudo_of(inode)->node->store != NULL;

    return attr->valid == ATTR_SIZE && writable ? 0 : -EPERM;
}

static void pseudo_evict(struct inode *inode)
{
    kfree(pseudo_of(inode));
}

static bool emit_fixed(struct file *f, struct dirent_sink *sink)
{
    struct pseudo_inode *dir = pseudo_of(f->inode);
    const struct pseudo_node *e = dir->node->entries;

    for (uint64_t i = 2; e && e->name; e++, i++) {
        if (i < f->off)
            continue;
        if (!dirent_emit(sink, e->name, strlen(e->name),
                         number_of(e, e->arg ? e->arg : dir->arg), i + 1,
                         dirent_type(type_of(e))))
            return false;
        f->off = i + 1;
    }
    f->off = NUMBERED_BASE;
    return true;
}

static void emit_numbered(struct file *f, struct dirent_sink *sink)
{
    struct pseudo_inode *dir = pseudo_of(f->inode);
    const struct pseudo_node *n = dir->node;
    uint64_t nr = f->off - NUMBERED_BASE;

    for (; n->each && n->next && n->next(dir->arg, &nr); nr++) {
        char name[PSEUDO_NAME_MAX];
        int len = snprintf(name, sizeof(name), "%s%lu",
                           n->prefix ? n->prefix : "", nr);

        if (!dirent_emit(sink, name, (size_t)len, number_of(n->each, nr),
                         NUMBERED_BASE + nr + 1, dirent_type(type_of(n->each))))
            return;
        f->off = NUMBERED_BASE + nr + 1;
    }
}

static int64_t pseudo_getdents(struct file *f, struct uio *to)
{
    struct dirent_sink sink;

    dirent_begin(&sink, to);
    if (!dirent_emit_dots(&sink, f))
        return dirent_end(&sink);
    if (f->off >= NUMBERED_BASE || emit_fixed(f, &sink))
        emit_numbered(f, &sink);
    return dirent_end(&sink);
}

static int64_t dir_seek(struct file *f, int64_t off, int whence)
{
    return seek_generic(f, off, whence, 0);
}

static const struct file_ops dir_fops = {
    .name = "directory",
    .seek = dir_seek,
    .getdents = pseudo_getdents,
};

static int pseudo_open(struct inode *inode, struct file *f)
{
    if (!S_ISDIR(inode->mode))
        return text_open(inode, f);
    f->ops = &dir_fops;
    return 0;
}

static const struct inode_ops pseudo_ops = {
    .lookup = pseudo_lookup,
    .readlink = pseudo_readlink,
    .follow = pseudo_follow,
    .setattr = pseudo_setattr,
    .open = pseudo_open,
    .evict = pseudo_evict,
};

static int pseudo_statfs(struct super *super, struct kstatfs *out)
{
    out->type = (uintptr_t)super->data;
    out->bsize = 4096;
    return 0;
}

int pseudo_mount(struct super *super, const struct pseudo_node *root,
                 const char *path)
{
    struct inode *inode;

    super->dev = mount_new_dev();
    super->flags |= SUPER_NOCACHE;
    super->statfs = pseudo_statfs;
    inode = make(super, root, root->arg);
    if (!inode)
        return -ENOMEM;
    inode->ino = 1;
    super->root = dentry_root(super, inode);
    return super->root ? mount_add(super, path) : -ENOMEM;
}
