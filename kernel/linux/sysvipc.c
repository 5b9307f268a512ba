/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of System V objects. There is one process: an object lives until it
 * is removed or the instance ends.
 */
#include "kernel/linux/sysvipc.h"

#include <asm/errno.h>
#include <linux/ipc.h>

#include "kernel/core/clock.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/inode.h"

static struct ipc_object *to_object(struct list *node)
{
    return container_of(node, struct ipc_object, node);
}

struct ipc_object *ipc_by_id(struct ipc_table *t, int32_t id)
{
    list_for_each(n, &t->objects)
    {
        if (to_object(n)->id == id)
            return to_object(n);
    }
    return NULL;
}

struct ipc_object *ipc_by_index(struct ipc_table *t, int32_t index)
{
    list_for_each(n, &t->objects)
    {
        if (index-- == 0)
            return to_object(n);
    }
    return NULL;
}

static struct ipc_object *by_key(struct ipc_table *t, int32_t key)
{
    list_for_each(n, &t->objects)
    {
        if (to_object(n)->perm.key == key)
            return to_object(n);
    }
    return NULL;
}

int ipc_lookup(struct ipc_table *t, int32_t key, uint32_t flags,
               struct ipc_object **found)
{
    *found = key == IPC_PRIVATE ? NULL : by_key(t, key);
    if (*found && (flags & IPC_CREAT) && (flags & IPC_EXCL))
        return -EEXIST;
    if (*found)
        return ipc_may(*found, flags & IPC_PERMISSIONS);
    if (key != IPC_PRIVATE && !(flags & IPC_CREAT))
        return -ENOENT;
    return t->nr < t->max ? 0 : -ENOSPC;
}

int32_t ipc_add(struct ipc_table *t, struct ipc_object *o, int32_t key,
                uint32_t flags)
{
    o->id = t->next_id++ & INT32_MAX;
    o->perm.key = key;
    o->perm.uid = o->perm.cuid = process.euid;
    o->perm.gid = o->perm.cgid = process.egid;
    o->perm.mode = flags & IPC_PERMISSIONS;
    waitq_init(&o->waitq);
    list_push_back(&t->objects, &o->node);
    t->nr++;
    return o->id;
}

bool ipc_remove(struct ipc_table *t, struct ipc_object *o)
{
    list_remove(&o->node);
    t->nr--;
    o->removed = true;
    waitq_wake(&o->waitq, 0);
    return o->nr_sleepers == 0;
}

bool ipc_end_sleep(struct ipc_object *o)
{
    o->nr_sleepers--;
    return o->removed && o->nr_sleepers == 0;
}

/* The owner's, the group's or the others' bits count, as for files. */
int ipc_may(const struct ipc_object *o, uint32_t want)
{
    uint32_t mode = o->perm.mode;

    if (process.euid == 0)
        return 0;
    if (process.euid == o->perm.uid || process.euid == o->perm.cuid)
        mode >>= 6;
    else if (inode_in_group(o->perm.gid) || inode_in_group(o->perm.cgid))
        mode >>= 3;
    return (want >> 6 | want >> 3 | want) & 7 & ~mode ? -EACCES : 0;
}

int ipc_may_change(const struct ipc_object *o)
{
    return process.euid == 0 || process.euid == o->perm.uid ||
                   process.euid == o->perm.cuid
               ? 0
               : -EPERM;
}

void ipc_set_perm(struct ipc_object *o, const struct ipc64_perm *from)
{
    o->perm.uid = from->uid;
    o->perm.gid = from->gid;
    o->perm.mode = from->mode & IPC_PERMISSIONS;
}

int64_t ipc_now_s(void)
{
    return clock_real_ns() / (int64_t)NSEC_PER_SEC;
}
