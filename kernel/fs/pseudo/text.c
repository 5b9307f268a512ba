/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open text files: the text is made by the first read, and again by each read
 * at the beginning, so that one descriptor can watch a value.
 */
#include "kernel/fs/pseudo/text.h"

#include <linux/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/seek.h"

enum { STORE_MAX_BYTES = 4096 };

static int64_t text_read(struct file *f, struct uio *to, uint64_t *off)
{
    struct pseudo_inode *p = pseudo_of(f->inode);
    struct seq *s = f->data;
    int64_t n;

    if (!p->node->show)
        return -EINVAL;
    if (*off == 0 || !s->buf) {
        s->len_bytes = 0;
        s->failed = false;
        p->node->show(s, p->arg);
        if (s->failed)
            return -ENOMEM;
    }
    if (*off >= s->len_bytes)
        return 0;
    n = uio_put(to, s->buf + *off, s->len_bytes - *off);
    if (n > 0)
        *off += (uint64_t)n;
    return n;
}

static int64_t text_write(struct file *f, struct uio *from, uint64_t *off)
{
    struct pseudo_inode *p = pseudo_of(f->inode);
    size_t len = from->resid_bytes;
    char *text;
    int64_t n;

    if (!p->node->store)
        return -EINVAL;
    if (len > STORE_MAX_BYTES)
        return -EINVAL;
    text = kmalloc(len + 1);
    if (!text)
        return -ENOMEM;
    n = uio_get(from, text, len);
    if (n >= 0) {
        int err;

        text[n] = '\0';
        err = p->node->store(p->arg, text, (size_t)n);
        if (err)
            n = err;
        else
            *off += (uint64_t)n;
    }
    kfree(text);
    return n;
}

static int64_t text_seek(struct file *f, int64_t off, int whence)
{
    struct seq *s = f->data;

    return seek_generic(f, off, whence, s->len_bytes);
}

static void text_release(struct file *f)
{
    struct seq *s = f->data;

    kfree(s->buf);
    kfree(s);
}

static const struct file_ops text_fops = {
    .name = "text",
    .read = text_read,
    .write = text_write,
    .seek = text_seek,
    .release = text_release,
};

int text_open(struct inode *inode, struct file *f)
{
    struct seq *s = kzalloc(sizeof(*s));

    (void)inode;
    if (!s)
        return -ENOMEM;
    f->ops = &text_fops;
    f->data = s;
    return 0;
}
