/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Advisory locks, kept as a list of ranges on the inode. An owner is the
 * process (NULL), an open file description, or that for flock(2): flock and
 * record locks do not see each other. What others outside are told of
 * them is lock_tell.c's.
 */
#include "kernel/vfs/lock.h"

#include <linux/errno.h>
#include <linux/fcntl.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/sched/waitq.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/lock_list.h"

enum { RETRY_NS = 10000000 };

/* One queue for all waiters: contention is rare. */
static struct waitq freed = {{&freed.waiters, &freed.waiters}};

static struct lock *conflict(struct inode *inode, const struct lock *want)
{
    if (want->type == F_UNLCK)
        return NULL;
    list_for_each(pos, lock_list(inode))
    {
        struct lock *l = container_of(pos, struct lock, node);

        if (l->is_flock == want->is_flock && l->owner != want->owner &&
            lock_overlap(l, want) &&
            (l->type == F_WRLCK || want->type == F_WRLCK))
            return l;
    }
    return NULL;
}

static void insert(struct inode *inode, struct lock *l, const struct lock *from,
                   uint64_t start, uint64_t end)
{
    *l = *from;
    l->start = start;
    l->end = end;
    list_push_back(lock_list(inode), &l->node);
}

/* Replaces what the owner holds in the range. *a and *b are fresh records, set
 * to NULL when used (a split and the new one need one each). */
static void apply(struct inode *inode, const struct lock *want, struct lock **a,
                  struct lock **b)
{
    list_for_each_safe(pos, lock_list(inode))
    {
        struct lock *l = container_of(pos, struct lock, node);

        if (!lock_same_owner(l, want) || !lock_overlap(l, want))
            continue;
        if (l->start < want->start && l->end > want->end) {
            insert(inode, *a, l, want->end + 1, l->end);
            *a = NULL;
            l->end = want->start - 1;
        } else if (l->start < want->start) {
            l->end = want->start - 1;
        } else if (l->end > want->end) {
            l->start = want->end + 1;
        } else {
            list_remove(&l->node);
            kfree(l);
        }
    }
    if (want->type == F_UNLCK)
        return;
    insert(inode, *b, want, want->start, want->end);
    *b = NULL;
}

static int try(struct inode *inode, const struct lock *want, struct lock **a,
               struct lock **b)
{
    int err = 0;

    if (inode->ops->lock) {
        lock_tell_begin();
        err = conflict(inode, want) ? -EAGAIN : lock_tell_wanted(inode, want);
    } else if (conflict(inode, want)) {
        err = -EAGAIN;
    }
    if (!err)
        apply(inode, want, a, b);
    if (inode->ops->lock)
        lock_tell_end();
    return err;
}

/* Until it may be worth another try. Nobody tells when locks outside go. */
static int wait_free(struct inode *inode, const struct lock *want)
{
    int err;

    if (conflict(inode, want)) {
        WAIT(&freed, NO_DEADLINE, err, !conflict(inode, want));
        return err;
    }
    WAIT(&freed, clock_mono_ns() + RETRY_NS, err, false);
    return err == -ETIMEDOUT ? 0 : err;
}

static int acquire(struct inode *inode, const struct lock *want, bool wait)
{
    struct lock *a = kmalloc(sizeof(*a)), *b = kmalloc(sizeof(*b));
    int err = a && b ? -EAGAIN : -ENOMEM;

    while (err == -EAGAIN) {
        err = try(inode, want, &a, &b);
        if (err != -EAGAIN || !wait)
            break;
        err = wait_free(inode, want);
        err = err ? err : -EAGAIN;
    }
    kfree(a);
    kfree(b);
    waitq_wake(&freed, 0);
    return err;
}

/* Keeps file and inode while the caller may sleep. */
static int acquire_file(struct file *f, const struct lock *want, bool wait)
{
    int err;

    if (!f->inode)
        return want->is_flock ? -EINVAL : -EBADF;
    file_get(f);
    err = acquire(f->inode, want, wait);
    file_put(f);
    return err;
}

int lock_set(struct file *f, const struct lock_range *want, bool ofd, bool wait)
{
    struct lock l = {
        .owner = ofd ? f : NULL,
        .type = want->type,
        .start = want->start,
        .end = want->end,
    };

    return acquire_file(f, &l, wait);
}

int lock_get(struct file *f, struct lock_range *range, bool ofd)
{
    struct lock want = {
        .owner = ofd ? f : NULL,
        .type = range->type,
        .start = range->start,
        .end = range->end,
    };
    struct lock *l = f->inode ? conflict(f->inode, &want) : NULL;

    if (!l && f->inode && f->inode->ops->lock_get)
        return f->inode->ops->lock_get(f->inode, range);
    range->type = F_UNLCK;
    if (!l)
        return 0;
    range->type = l->type;
    range->start = l->start;
    range->end = l->end;
    range->pid = l->owner ? -1 : 1;
    return 0;
}

int lock_flock(struct file *f, int operation)
{
    struct lock l = {
        .owner = f,
        .is_flock = true,
        .end = UINT64_MAX,
    };

    switch (operation & ~LOCK_NB) {
    case LOCK_SH:
        l.type = F_RDLCK;
        break;
    case LOCK_EX:
        l.type = F_WRLCK;
        break;
    case LOCK_UN:
        l.type = F_UNLCK;
        break;
    default:
        return -EINVAL;
    }
    return acquire_file(f, &l, !(operation & LOCK_NB));
}

bool lock_any(const struct inode *inode)
{
    return inode->locks.next && !list_empty(&inode->locks);
}

static void drop(struct inode *inode, const struct file *owner, bool process)
{
    bool any = false;

    if (!lock_any(inode))
        return;
    list_for_each_safe(pos, &inode->locks)
    {
        struct lock *l = container_of(pos, struct lock, node);

        if (process ? l->owner != NULL : l->owner != owner)
            continue;
        list_remove(&l->node);
        kfree(l);
        any = true;
    }
    if (!any)
        return;
    if (inode->ops->lock) {
        lock_tell_begin();
        lock_tell(inode, NULL, 0, UINT64_MAX);
        lock_tell_end();
    }
    waitq_wake(&freed, 0);
}

void lock_fd_closed(struct file *f)
{
    drop(f->inode, NULL, true);
}

void lock_file_closed(struct file *f)
{
    drop(f->inode, f, false);
}
