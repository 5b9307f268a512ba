/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open files and their references. The descriptor table is in fd.c.
 */
#include "kernel/vfs/file.h"

#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/core/event.h"
#include "kernel/vfs/dentry.h"
#include "kernel/vfs/lock.h"
#include "kernel/vfs/namei.h"
#include "kernel/vfs/poll.h"
#include "kernel/vfs/vfs.h"
#include "lib/string.h"

enum { POLL_DEVICES_NS = 20000 };

struct file *file_new(const struct file_ops *ops, void *data, uint32_t flags)
{
    struct file *f = kzalloc(sizeof(*f));

    if (!f)
        return NULL;
    f->ops = ops;
    f->data = data;
    f->flags = flags;
    f->refs = 1;
    list_init(&f->epoll);
    return f;
}

void file_get(struct file *f)
{
    f->refs++;
}

static void file_free(struct file *f)
{
    while (!list_empty(&f->epoll)) {
        struct file_watch *w =
            container_of(f->epoll.next, struct file_watch, node);

        list_remove(&w->node);
        w->closed(w);
    }
    if (f->inode)
        lock_file_closed(f);
    if (f->ops->release)
        f->ops->release(f);
    if (f->dentry)
        dentry_put(f->dentry);
    if (f->inode)
        inode_put(f->inode);
    kfree(f);
}

void file_put(struct file *f)
{
    if (--f->refs == 0)
        file_free(f);
}

uint32_t file_poll(struct file *f, struct poll_table *pt)
{
    if (!f->ops->poll)
        return EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM;
    return f->ops->poll(f, pt);
}

void poll_devices(void)
{
    static uint64_t last_ns;
    uint64_t now = clock_mono_ns();

    if (now - last_ns < POLL_DEVICES_NS) {
        event_flush();
        return;
    }
    event_poll();
    last_ns = now;
}

int vfs_open_kernel(const char *path, uint32_t flags, struct file **out)
{
    return vfs_open(AT_FDCWD, path, flags, 0600, 0, out);
}

int64_t file_pread_kernel(struct file *f, void *buf, size_t len_bytes,
                          uint64_t off)
{
    size_t done = 0;

    if (!f->ops->read)
        return -EINVAL;
    while (done < len_bytes) {
        struct uio_seg seg;
        struct uio u;
        int64_t n;

        uio_init(&u, &seg, (uintptr_t)buf + done, len_bytes - done, true);
        n = f->ops->read(f, &u, &off);
        if (n < 0)
            return done ? (int64_t)done : n;
        if (n == 0)
            break;
        done += n;
    }
    return done;
}

int64_t file_pwrite_kernel(struct file *f, const void *buf, size_t len_bytes,
                           uint64_t off)
{
    struct uio_seg seg;
    struct uio u;

    if (!f->ops->write)
        return -EINVAL;
    uio_init(&u, &seg, (uintptr_t)buf, len_bytes, true);
    return f->ops->write(f, &u, &off);
}

uint64_t file_size(struct file *f)
{
    struct kstat st;

    if (!f->inode || inode_stat(f->inode, &st))
        return 0;
    return st.size_bytes;
}

int file_path(struct file *f, char *buf, size_t size_bytes)
{
    if (!f->dentry)
        return -ENOENT;
    return dentry_path(f->dentry, buf, size_bytes);
}
