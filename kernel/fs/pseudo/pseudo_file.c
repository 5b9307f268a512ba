/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files and links of pseudo file systems. The text is made at the first read
 * after opening or after seeking back to the start, as Linux does it.
 */
#include "kernel/fs/pseudo/pseudo_file.h"

#include <linux/errno.h>
#include <linux/fcntl.h>

#include "kernel/core/alloc.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/seek.h"
#include "lib/string.h"

enum { STORE_MAX = 4096 };

static struct pnode *pnode_of(struct inode *inode)
{
    return container_of(inode, struct pnode, inode);
}

static void make(const struct pnode *n, struct text *t)
{
    const struct pseudo_entry *e = n->entry;

    t->len_bytes = 0;
    if (e->show)
        e->show(t, n->arg);
    else if (e->value)
        text_printf(t, "%s\n", e->value);
}

static int64_t pseudo_read(struct file *f, struct uio *to, uint64_t *off)
{
    struct text *t = f->data;
    int64_t n;

    if (*off == 0)
        make(pnode_of(f->inode), t);
    if (*off >= t->len_bytes)
        return 0;
    n = uio_put(to, t->buf + *off, t->len_bytes - *off);
    if (n > 0)
        *off += (uint64_t)n;
    return n;
}

static int64_t pseudo_write(struct file *f, struct uio *from, uint64_t *off)
{
    struct pnode *n = pnode_of(f->inode);
    size_t len = from->resid_bytes;
    char *text;
    int64_t err;

    (void)off;
    if (!n->entry->store)
        return -EACCES;
    if (len >= STORE_MAX)
        return -EINVAL;
    text = kzalloc(len + 1);
    if (!text)
        return -ENOMEM;
    err = len ? uio_get(from, text, len) : 0;
    if (err >= 0)
        err = n->entry->store(text, n->arg);
    kfree(text);
    return err < 0 ? err : (int64_t)len;
}

static int64_t pseudo_seek(struct file *f, int64_t off, int whence)
{
    struct text *t = f->data;

    return seek_generic(f, off, whence, t->len_bytes);
}

static void pseudo_release(struct file *f)
{
    struct text *t = f->data;

    kfree(t->buf);
    kfree(t);
}

static const struct file_ops pseudo_fops = {
    .name = "pseudo",
    .read = pseudo_read,
    .write = pseudo_write,
    .seek = pseudo_seek,
    .release = pseudo_release,
};

int pseudo_open(struct inode *inode, struct file *f)
{
    (void)inode;
    f->data = kzalloc(sizeof(struct text));
    if (!f->data)
        return -ENOMEM;
    f->ops = &pseudo_fops;
    return 0;
}

int pseudo_readlink(struct inode *inode, char *buf, size_t size_bytes)
{
    struct pnode *n = pnode_of(inode);
    size_t len;

    if (n->entry->readlink)
        return n->entry->readlink(buf, size_bytes, n->arg);
    if (!n->entry->link)
        return -EINVAL;
    len = strlen(n->entry->link);
    len = len < size_bytes ? len : size_bytes;
    memcpy(buf, n->entry->link, len);
    return (int)len;
}

int pseudo_follow(struct inode *inode, struct dentry **out)
{
    struct pnode *n = pnode_of(inode);

    *out = NULL;
    return n->entry->follow ? n->entry->follow(out, n->arg) : 0;
}
