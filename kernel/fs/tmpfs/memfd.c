/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memfd_create(2), file sealing (fcntl(2)), and files made at start.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>

#include "kernel/core/alloc.h"
#include "kernel/fs/tmpfs/tmpfs.h"
#include "kernel/fs/tmpfs/tnode.h"
#include "kernel/vfs/mode.h"
#include "kernel/vfs/namei.h"
#include "lib/fmt.h"
#include "lib/string.h"

enum {
    SEALS_ALL = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE |
                F_SEAL_FUTURE_WRITE,
};

/* A file system of its own, mounted nowhere. */
static struct super *memfd_super(void)
{
    static struct super super = {.type = "tmpfs", .source = "tmpfs"};

    if (!super.root && tmpfs_new(&super, NULL, 0777))
        return NULL;
    return &super;
}

static int open_inode(struct inode *inode, const char *name, uint32_t flags,
                      struct file **out)
{
    char text[DENTRY_NAME_MAX + 1];
    struct dentry *d;
    int err;

    snprintf(text, sizeof(text), "/memfd:%s (deleted)", name);
    d = dentry_anonymous(inode, text);
    if (!d)
        return -ENOMEM;
    err = vfs_open_dentry(d, flags, out);
    dentry_put(d);
    return err;
}

int tmpfs_memfd(const char *name, bool sealable, uint32_t flags,
                struct file **out)
{
    struct super *super = memfd_super();
    struct tnode *t = super ? tnode_new(super, S_IFREG | 0777) : NULL;
    int err;

    if (!t)
        return -ENOMEM;
    if (sealable)
        t->seals = 0;
    t->inode.nlink = 0;
    err = open_inode(&t->inode, name, flags, out);
    inode_put(&t->inode);
    return err;
}

static struct tnode *sealable(struct file *f)
{
    return f->ops == &tmpfs_file_fops ? tnode_of(f->inode) : NULL;
}

int tmpfs_add_seals(struct file *f, uint32_t seals)
{
    struct tnode *t = sealable(f);

    if (!t || (seals & ~SEALS_ALL))
        return -EINVAL;
    if ((f->flags & O_ACCMODE) == O_RDONLY || (t->seals & F_SEAL_SEAL))
        return -EPERM;
    /* whether some mapping is shared and writable is not known here */
    if ((seals & F_SEAL_WRITE) && t->backing.refs)
        return -EBUSY;
    t->seals |= seals;
    return 0;
}

int tmpfs_get_seals(struct file *f)
{
    struct tnode *t = sealable(f);

    return t ? (int)t->seals : -EINVAL;
}

int tmpfs_make_file(const char *path, char *text, size_t len_bytes)
{
    struct dentry *d;
    struct tnode *t;
    int err = path_lookup(AT_FDCWD, path, LOOKUP_FOLLOW, &d);

    if (err == -ENOENT) { /* or a link to nowhere */
        vfs_unlink(AT_FDCWD, path, false);
        err = vfs_create_dentry(AT_FDCWD, path, S_IFREG | 0644, 0, &d);
    }
    if (err)
        return err;
    t = tnode_of(d->inode);
    if (d->inode->ops != &tmpfs_file_ops)
        err = -EINVAL;
    else
        err = data_truncate(t, 0);
    if (!err) {
        t->text = text;
        t->inode.size_bytes = len_bytes;
        inode_touch(&t->inode);
    }
    dentry_put(d);
    return err;
}
