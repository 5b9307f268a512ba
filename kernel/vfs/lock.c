/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Advisory locks, kept as a list of ranges on the inode. An owner is the
 * process (NULL), an open file description, or that for flock(2): flock and
 * record locks do not see each other.
 */
#include "kernel/vfs/lock.h"

#include <linux/errno.h>
#include <linux/fcntl.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/inode.h"

struct lock {
    struct list node;
    struct file *owner; /* NULL: the process */
    bool is_flock;
    int16_t type;
    uint64_t start, end;
};

/* One queue for all waiters: contention is rare. */
static struct waitq freed = {{&freed.waiters, &freed.waiters}};

static struct list *locks_of(struct inode *inode)
{
    if (!inode->locks.next)
        list_init(&inode->locks);
    return &inode->locks;
}

static bool overlap(const struct lock *a, const struct lock *b)
{
    return a->start <= b->end && b->start <= a->end;
}

static bool same_owner(const struct lock *a, const struct lock *b)
{
    return a->owner == b->owner && a->is_flock == b->is_flock;
}

static struct lock *conflict(struct inode *inode, const struct lock *want)
{
    if (want->type == F_UNLCK)
        return NULL;
    list_for_each(pos, locks_of(inode))
    {
        struct lock *l = container_of(pos, struct lock, node);

        if (l->is_flock == want->is_flock && l->owner != want->owner &&
            overlap(l, want) && (l->type == F_WRLCK || want->type == F_WRLCK))
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
    list_push_back(locks_of(inode), &l->node);
}

/* Replaces what the owner holds in the range. *a and *b are fresh records, set
 * to NULL when used (a split and the new one need one each). */
static void apply(struct inode *inode, const struct lock *want, struct lock **a,
                  struct lock **b)
{
    list_for_each_safe(pos, locks_of(inode))
    {
        struct lock *l = container_of(pos, struct lock, node);

        if (!same_owner(l, want) || !overlap(l, want))
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

static int acquire(struct inode *inode, const struct lock *want, bool wait)
{
    struct lock *a, *b;
    int err = 0;

    if (conflict(inode, want)) {
        if (!wait)
            return -EAGAIN;
        WAIT(&freed, NO_DEADLINE, err, !conflict(inode, want));
        if (err)
            return err;
    }
    a = kmalloc(sizeof(*a));
    b = kmalloc(sizeof(*b));
    if (a && b)
        apply(inode, want, &a, &b);
    else
        err = -ENOMEM;
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

void lock_get(struct file *f, struct lock_range *range, bool ofd)
{
    struct lock want = {
        .owner = ofd ? f : NULL,
        .type = range->type,
        .start = range->start,
        .end = range->end,
    };
    struct lock *l = f->inode ? conflict(f->inode, &want) : NULL;

    range->type = F_UNLCK;
    if (!l)
        return;
    range->type = l->type;
    range->start = l->start;
    range->end = l->end;
    range->pid = l->owner ? -1 : 1;
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

static void drop(struct inode *inode, const struct file *owner, bool process)
{
    bool any = false;

    if (!inode->locks.next || list_empty(&inode->locks))
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
    if (any)
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
