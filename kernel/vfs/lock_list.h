/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to lock.c and lock_tell.c: an inode's locks, and what is to be said
 * of them to others outside (inode_ops.lock).
 */
#ifndef EINKORN_KERNEL_VFS_LOCK_LIST_H
#define EINKORN_KERNEL_VFS_LOCK_LIST_H

#include "kernel/vfs/inode.h"

struct lock {
    struct list node;
    struct file *owner; /* NULL: the process */
    bool is_flock;
    int16_t type;
    uint64_t start, end;
};

static inline struct list *lock_list(struct inode *inode)
{
    if (!inode->locks.next)
        list_init(&inode->locks);
    return &inode->locks;
}

static inline bool lock_overlap(const struct lock *a, const struct lock *b)
{
    return a->start <= b->end && b->start <= a->end;
}

static inline bool lock_same_owner(const struct lock *a, const struct lock *b)
{
    return a->owner == b->owner && a->is_flock == b->is_flock;
}

/* What they are told and what is applied here must not get out of step: around
 * both. Sleeps. */
void lock_tell_begin(void);
void lock_tell_end(void);
/* Locks [start, end] outside as it is locked here, once `want` (or NULL) is
 * applied. As inode_ops.lock. */
int lock_tell(struct inode *inode, const struct lock *want, uint64_t start,
              uint64_t end);
/* The same for what is wanted, and for all else if they know nothing of that
 * any more; as before if it is refused. */
int lock_tell_wanted(struct inode *inode, const struct lock *want);

#endif
