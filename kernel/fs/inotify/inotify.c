/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Watches hang on inodes (which they keep), events wait on their instance.
 */
#include "kernel/fs/inotify/inotify.h"

#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/inotify.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/core/uaccess.h"
#include "kernel/vfs/notify.h"
#include "kernel/vfs/poll.h"
#include "lib/string.h"

enum { QUEUE_MAX = 16384, FIONREAD_ = 0x541b };

/* struct inotify_event without its variable part. */
struct head {
    int32_t wd;
    uint32_t mask, cookie, len;
};

struct event {
    struct list node;
    struct head head; /* as the program gets it */
    char name[];      /* head.len bytes */
};

struct inotify {
    struct list watches, events;
    uint32_t nr_events, queued_bytes;
    int32_t last_wd;
    struct waitq waitq;
};

struct watch {
    struct list of_inode, of_instance;
    struct inotify *owner;
    struct inode *inode; /* referenced */
    int32_t wd;
    uint32_t mask;
};

static const struct file_ops inotify_fops;

/* The same as the last one is not queued again (inotify(7)). */
static bool repeats(const struct inotify *in, const struct head *h,
                    const char *name)
{
    const struct event *last;

    if (list_empty(&in->events))
        return false;
    last = container_of(in->events.prev, struct event, node);
    return last->head.wd == h->wd && last->head.mask == h->mask &&
           last->head.cookie == h->cookie && last->head.len == h->len &&
           (!h->len || strcmp(last->name, name) == 0);
}

static void queue(struct inotify *in, int32_t wd, uint32_t mask,
                  uint32_t cookie, const char *name)
{
    size_t len = name ? (strlen(name) + 1 + 15) & ~(size_t)15 : 0;
    struct head head = {wd, mask, cookie, (uint32_t)len};
    struct event *e;

    if (in->nr_events > QUEUE_MAX || repeats(in, &head, name))
        return;
    if (in->nr_events == QUEUE_MAX) {
        head = (struct head){-1, IN_Q_OVERFLOW, 0, 0};
        len = 0;
    }
    e = kzalloc(sizeof(*e) + len);
    if (!e)
        return;
    e->head = head;
    if (len)
        strlcpy(e->name, name, len);
    list_push_back(&in->events, &e->node);
    in->nr_events++;
    in->queued_bytes += sizeof(head) + len;
    waitq_wake(&in->waitq, EPOLLIN | EPOLLRDNORM);
}

/* IN_IGNORED tells that the watch descriptor is gone. */
static void free_watch(struct watch *w, bool tell)
{
    if (tell)
        queue(w->owner, w->wd, IN_IGNORED, 0, NULL);
    list_remove(&w->of_inode);
    list_remove(&w->of_instance);
    inode_put(w->inode);
    kfree(w);
}

static void deliver(struct watch *w, const char *name, uint32_t event,
                    uint32_t cookie, bool is_dir)
{
    uint32_t mask = event | (is_dir ? IN_ISDIR : 0);

    if (w->mask & event)
        queue(w->owner, w->wd, event & IN_DELETE_SELF ? event : mask, cookie,
              name);
    if ((event & IN_DELETE_SELF) ||
        ((w->mask & event) && (w->mask & IN_ONESHOT)))
        free_watch(w, true);
}

static void hook(struct inode *inode, const char *name, uint32_t event,
                 uint32_t cookie, bool is_dir)
{
    if (!inode->watches.next)
        return;
    inode_get(inode); /* the last watch may go */
    list_for_each_safe(pos, &inode->watches)
    {
        deliver(container_of(pos, struct watch, of_inode), name, event, cookie,
                is_dir);
    }
    inode_put(inode);
}

static int64_t drain(struct inotify *in, struct uio *to)
{
    int64_t done = 0;

    list_for_each_safe(pos, &in->events)
    {
        struct event *e = container_of(pos, struct event, node);
        size_t len = sizeof(e->head) + e->head.len;

        if (len > to->resid_bytes)
            return done ? done : -EINVAL;
        if (uio_put(to, &e->head, len) != (int64_t)len)
            return done ? done : -EFAULT;
        done += (int64_t)len;
        in->nr_events--;
        in->queued_bytes -= (uint32_t)len;
        list_remove(pos);
        kfree(e);
    }
    return done;
}

static int64_t inotify_read(struct file *f, struct uio *to, uint64_t *off)
{
    struct inotify *in = f->data;
    int err = 0;

    (void)off;
    if (list_empty(&in->events)) {
        if (file_io_flags(f, to) & O_NONBLOCK)
            return -EAGAIN;
        file_get(f);
        WAIT(&in->waitq, NO_DEADLINE, err, !list_empty(&in->events));
        file_put(f);
        if (err)
            return err;
    }
    return drain(in, to);
}

static uint32_t inotify_poll(struct file *f, struct poll_table *pt)
{
    struct inotify *in = f->data;

    poll_add(pt, &in->waitq);
    return list_empty(&in->events) ? 0 : EPOLLIN | EPOLLRDNORM;
}

static int64_t inotify_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
    struct inotify *in = f->data;
    int32_t n = (int32_t)in->queued_bytes;

    return cmd == FIONREAD_ ? copy_out(arg, &n) : -ENOTTY;
}

static void inotify_release(struct file *f)
{
    struct inotify *in = f->data;

    list_for_each_safe(pos, &in->watches)
    {
        free_watch(container_of(pos, struct watch, of_instance), false);
    }
    list_for_each_safe(pos, &in->events)
    {
        kfree(container_of(pos, struct event, node));
    }
    kfree(in);
}

static const struct file_ops inotify_fops = {
    .name = "inotify",
    .sends_sigio = true,
    .read = inotify_read,
    .poll = inotify_poll,
    .ioctl = inotify_ioctl,
    .release = inotify_release,
};

struct file *inotify_new(uint32_t flags)
{
    struct inotify *in = kzalloc(sizeof(*in));
    struct file *f;

    if (!in)
        return NULL;
    list_init(&in->watches);
    list_init(&in->events);
    waitq_init(&in->waitq);
    f = file_new(&inotify_fops, in, flags & O_NONBLOCK);
    if (!f)
        kfree(in);
    else
        notify_hook = hook;
    return f;
}

static struct watch *find(struct inotify *in, const struct inode *inode,
                          int32_t wd)
{
    list_for_each(pos, &in->watches)
    {
        struct watch *w = container_of(pos, struct watch, of_instance);

        if (inode ? w->inode == inode : w->wd == wd)
            return w;
    }
    return NULL;
}

static struct watch *new_watch(struct inotify *in, struct inode *inode)
{
    struct watch *w = kzalloc(sizeof(*w));

    if (!w)
        return NULL;
    if (!inode->watches.next)
        list_init(&inode->watches);
    inode_get(inode);
    w->inode = inode;
    w->owner = in;
    w->wd = ++in->last_wd;
    list_push_back(&inode->watches, &w->of_inode);
    list_push_back(&in->watches, &w->of_instance);
    return w;
}

int inotify_add(struct file *f, struct inode *inode, uint32_t mask)
{
    struct inotify *in = f->data;
    struct watch *w;

    if (f->ops != &inotify_fops || !(mask & IN_ALL_EVENTS))
        return -EINVAL;
    w = find(in, inode, 0);
    if (w && (mask & IN_MASK_CREATE))
        return -EEXIST;
    if (w && (mask & IN_MASK_ADD))
        mask |= w->mask;
    if (!w)
        w = new_watch(in, inode);
    if (!w)
        return -ENOMEM;
    w->mask = mask;
    return w->wd;
}

int inotify_remove(struct file *f, int32_t wd)
{
    struct inotify *in = f->data;
    struct watch *w = f->ops == &inotify_fops ? find(in, NULL, wd) : NULL;

    if (!w)
        return -EINVAL;
    free_watch(w, true);
    return 0;
}
