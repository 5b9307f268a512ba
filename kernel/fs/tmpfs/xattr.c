/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended attributes: the image's until the first change, then a list.
 */
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/xattr.h>

#include "kernel/core/alloc.h"
#include "kernel/fs/tmpfs/tnode.h"
#include "lib/string.h"

static int add(struct tnode *t, const char *name, const void *value, size_t len)
{
    struct xattr *x = kmalloc(sizeof(*x) + len);

    if (!x)
        return -ENOMEM;
    x->name = kstrdup(name);
    if (!x->name) {
        kfree(x);
        return -ENOMEM;
    }
    x->len_bytes = len;
    memcpy(x->value, value, len);
    x->next = t->xattrs;
    t->xattrs = x;
    return 0;
}

static void drop(struct xattr **p)
{
    struct xattr *x = *p;

    *p = x->next;
    kfree(x->name);
    kfree(x);
}

void tmpfs_free_xattrs(struct tnode *t)
{
    while (t->xattrs)
        drop(&t->xattrs);
}

/* Takes the image's attributes into the list. */
static int load(struct tnode *t)
{
    char name[XATTR_NAME_MAX + 1];
    const void *value;
    size_t len;
    int err = 0;

    if (!t->lower_xattrs)
        return 0;
    t->lower_xattrs = false;
    for (unsigned i = 0; !err; i++) {
        err = erofs_xattr(t->fs->lower, &t->node, i, name, sizeof(name), &value,
                          &len);
        if (!err)
            err = add(t, name, value, len);
    }
    return err == -ENODATA ? 0 : err;
}

static struct xattr **find(struct tnode *t, const char *name)
{
    struct xattr **p = &t->xattrs;

    while (*p && strcmp((*p)->name, name) != 0)
        p = &(*p)->next;
    return p;
}

int64_t tmpfs_getxattr(struct inode *inode, const char *name, void *buf,
                       size_t size_bytes)
{
    struct tnode *t = tnode_of(inode);
    struct xattr *x;
    int err = load(t);

    if (err)
        return err;
    x = *find(t, name);
    if (!x)
        return -ENODATA;
    if (size_bytes && x->len_bytes > size_bytes)
        return -ERANGE;
    if (size_bytes)
        memcpy(buf, x->value, x->len_bytes);
    return x->len_bytes;
}

int64_t tmpfs_listxattr(struct inode *inode, char *buf, size_t size_bytes)
{
    struct tnode *t = tnode_of(inode);
    size_t done = 0;
    int err = load(t);

    if (err)
        return err;
    for (struct xattr *x = t->xattrs; x; x = x->next) {
        size_t n = strlen(x->name) + 1;

        if (size_bytes && done + n > size_bytes)
            return -ERANGE;
        if (size_bytes)
            memcpy(buf + done, x->name, n);
        done += n;
    }
    return done;
}

int tmpfs_setxattr(struct inode *inode, const char *name, const void *buf,
                   size_t size_bytes, int flags)
{
    struct tnode *t = tnode_of(inode);
    struct xattr **p;
    int err = load(t);

    if (err)
        return err;
    p = find(t, name);
    if (*p && (flags & XATTR_CREATE))
        return -EEXIST;
    if (!*p && (flags & XATTR_REPLACE))
        return -ENODATA;
    err = add(t, name, buf, size_bytes);
    if (err)
        return err;
    p = find(t, name); /* the new one comes first */
    for (p = &(*p)->next; *p && strcmp((*p)->name, name) != 0;)
        p = &(*p)->next;
    if (*p)
        drop(p);
    inode_changed(inode);
    tnode_keep(t);
    return 0;
}

int tmpfs_removexattr(struct inode *inode, const char *name)
{
    struct tnode *t = tnode_of(inode);
    struct xattr **p;
    int err = load(t);

    if (err)
        return err;
    p = find(t, name);
    if (!*p)
        return -ENODATA;
    drop(p);
    inode_changed(inode);
    tnode_keep(t);
    return 0;
}
