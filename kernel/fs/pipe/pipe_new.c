/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How pipes come and go: pipe(2), opening of FIFOs, the last close.
 */
#include <linux/errno.h>

#include "abi/layout.h"
#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/fs/pipe/pipe.h"
#include "kernel/fs/pipe/ring.h"
#include "kernel/vfs/inode.h"
#include "kernel/vfs/mode.h"
#include "kernel/vfs/mount.h"

static struct pipe *alloc(void)
{
    struct pipe *p = kzalloc(sizeof(*p));

    if (!p)
        return NULL;
    p->size = PIPE_DEFAULT_BYTES;
    waitq_init(&p->readers);
    waitq_init(&p->writers);
    return p;
}

static void wake_all(struct pipe *p)
{
    waitq_wake(&p->readers, 0);
    waitq_wake(&p->writers, 0);
}

static void put(struct pipe *p)
{
    if (--p->refs)
        return;
    if (p->inode)
        p->inode->object = NULL;
    if (p->buf)
        page_free(p->buf, p->size / ABI_PAGE_SIZE);
    kfree(p->pieces);
    kfree(p);
}

void pipe_release(struct file *f)
{
    struct pipe *p = f->data;

    p->nr_readers -= can_read(f);
    p->nr_writers -= can_write(f);
    wake_all(p);
    put(p);
}

static void attach(struct pipe *p, struct file *f)
{
    p->refs++;
    p->nr_readers += can_read(f);
    p->opened_r += can_read(f);
    p->nr_writers += can_write(f);
    p->opened_w += can_write(f);
    f->ops = &pipe_fops;
    f->data = p;
    wake_all(p);
}

static void pipe_evict(struct inode *inode)
{
    kfree(inode);
}

static const struct inode_ops pipe_inode_ops = {
    .open = pipe_open_fifo, /* through /proc/self/fd/N */
    .evict = pipe_evict,
};

/* pipe(2)'s own inode: for fstat and /proc/self/fd. */
static struct inode *new_inode(void)
{
    static struct super super = {.type = "pipefs"};
    static uint64_t next_ino = 1;
    struct inode *inode = kzalloc(sizeof(*inode));

    if (!inode)
        return NULL;
    if (!super.dev)
        super.dev = mount_new_dev();
    inode_init(inode, &super, &pipe_inode_ops, next_ino++, S_IFIFO | 0600);
    return inode;
}

static struct file *new_end(struct pipe *p, uint32_t flags)
{
    struct file *f = file_new(&pipe_fops, p, flags);

    if (!f)
        return NULL;
    inode_get(p->inode);
    f->inode = p->inode;
    attach(p, f);
    return f;
}

int pipe_new(struct file **reader, struct file **writer, uint32_t flags)
{
    struct inode *inode;
    struct pipe *p;
    int err = -ENOMEM;

    inode = new_inode();
    p = alloc();
    *reader = *writer = NULL;
    if (!p || !inode)
        goto out;
    p->inode = inode;
    inode->object = p;
    p->refs++;
    *reader = new_end(p, O_RDONLY | (flags & O_NONBLOCK));
    *writer = new_end(p, O_WRONLY | (flags & (O_NONBLOCK | O_DIRECT)));
    err = *reader && *writer ? 0 : -ENOMEM;
    if (err && *reader)
        file_put(*reader);
    if (err && *writer)
        file_put(*writer);
    put(p);
    p = NULL;
out:
    kfree(p);
    if (inode)
        inode_put(inode);
    return err;
}

/* fifo(7): a reader waits for a writer and the other way round. */
static int wait_for_peer(struct pipe *p, struct file *f)
{
    uint32_t before;
    int err = 0;

    switch (f->flags & O_ACCMODE) {
    case O_RDONLY:
        before = p->opened_w;
        if (!p->nr_writers && !(f->flags & O_NONBLOCK))
            WAIT(&p->readers, NO_DEADLINE, err, p->opened_w != before);
        return err;
    case O_WRONLY:
        before = p->opened_r;
        if (!p->nr_readers && (f->flags & O_NONBLOCK))
            return -ENXIO;
        if (!p->nr_readers)
            WAIT(&p->writers, NO_DEADLINE, err, p->opened_r != before);
        return err;
    default:
        return 0;
    }
}

int pipe_open_fifo(struct inode *inode, struct file *f)
{
    struct pipe *p = inode->object;
    int err;

    if (!p) {
        p = alloc();
        if (!p)
            return -ENOMEM;
        p->inode = inode;
        inode->object = p;
    }
    attach(p, f);
    err = wait_for_peer(p, f);
    if (err)
        pipe_release(f);
    return err;
}
