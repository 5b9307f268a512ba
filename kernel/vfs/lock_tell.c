/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locks of a file that others outside have too: told there as strongly as
 * anybody here has them. See lock_list.h.
 */
#include <linux/fcntl.h>

#include "kernel/core/clock.h"
#include "kernel/sched/waitq.h"
#include "kernel/vfs/lock_list.h"

/* What they are told and what is applied here must not get out of step. */
static struct {
    bool busy;
    struct waitq done;
} telling = {.done = {{&telling.done.waiters, &telling.done.waiters}}};

void lock_tell_begin(void)
{
    struct waiter w;

    waiter_init_thread(&w);
    waitq_add(&telling.done, &w);
    while (telling.busy)
        thread_sleep_uninterruptible(NO_DEADLINE);
    waitq_del(&w);
    telling.busy = true;
}

void lock_tell_end(void)
{
    telling.busy = false;
    waitq_wake(&telling.done, 0);
}

static int stronger(int a, int b)
{
    if (a == F_WRLCK || b == F_WRLCK)
        return F_WRLCK;
    return a == F_RDLCK || b == F_RDLCK ? F_RDLCK : F_UNLCK;
}

static void consider(const struct lock *l, uint64_t at, uint64_t *end,
                     int *type)
{
    if (l->end < at)
        return;
    if (l->start > at) {
        *end = l->start - 1 < *end ? l->start - 1 : *end;
        return;
    }
    *end = l->end < *end ? l->end : *end;
    *type = stronger(*type, l->type);
}

/* The strongest lock at `at`, once `want` (or NULL) is applied; *end shrinks
 * to where another may be. */
static int strongest(struct inode *inode, const struct lock *want, uint64_t at,
                     uint64_t *end)
{
    int type = F_UNLCK;

    if (want)
        consider(want, at, end, &type);
    list_for_each(pos, lock_list(inode))
    {
        struct lock *l = container_of(pos, struct lock, node);

        if (!want || !lock_same_owner(l, want) || at < want->start ||
            at > want->end)
            consider(l, at, end, &type);
    }
    return type;
}

int lock_tell(struct inode *inode, const struct lock *want, uint64_t start,
              uint64_t end)
{
    for (;;) {
        uint64_t stop = end;
        int type = strongest(inode, want, start, &stop);
        int err = inode->ops->lock(inode, type, start, stop);

        if (err)
            return err;
        if (stop == end)
            return 0;
        start = stop + 1;
    }
}

int lock_tell_wanted(struct inode *inode, const struct lock *want)
{
    int err = lock_tell(inode, want, want->start, want->end);

    if (err > 0)
        err = lock_tell(inode, want, 0, UINT64_MAX);
    if (err < 0)
        lock_tell(inode, NULL, want->start, want->end); /* as it was */
    return err;
}
