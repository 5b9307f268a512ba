/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What System V's semaphore sets and message queues have in common
 * (sysvipc(7)): keys, ids, owners, and threads that sleep in one.
 */
#ifndef EINKORN_KERNEL_LINUX_SYSVIPC_H
#define EINKORN_KERNEL_LINUX_SYSVIPC_H

#include <asm/ipcbuf.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/sched/waitq.h"
#include "lib/list.h"

enum { IPC_PERMISSIONS = 0777, IPC_READ = 0444, IPC_WRITE = 0222 };

struct ipc_object {
    struct list node;
    struct ipc64_perm perm;
    struct waitq waitq; /* for any change */
    int32_t id;
    uint32_t nr_sleepers;
    bool removed; /* nobody finds it; the last sleeper frees it */
};

struct ipc_table {
    struct list objects; /* oldest first */
    uint32_t nr, max;
    int32_t next_id;
};

/* NULL: none. index: place among all that there are, for *_STAT. */
struct ipc_object *ipc_by_id(struct ipc_table *t, int32_t id);
struct ipc_object *ipc_by_index(struct ipc_table *t, int32_t index);

/* What *get(2) begins with: 0 and *found (NULL: make one), or -ENOENT,
 * -EEXIST, -EACCES, -ENOSPC. */
int ipc_lookup(struct ipc_table *t, int32_t key, uint32_t flags,
               struct ipc_object **found);
/* A zeroed object becomes known, owned by the caller: its id. */
int32_t ipc_add(struct ipc_table *t, struct ipc_object *o, int32_t key,
                uint32_t flags);
/* Nobody finds it any more and sleepers wake. True: there were none, the
 * caller frees it; otherwise ipc_end_sleep() tells who does. */
bool ipc_remove(struct ipc_table *t, struct ipc_object *o);
/* After a sleep for which nr_sleepers was raised. True: free it. */
bool ipc_end_sleep(struct ipc_object *o);

/* May the caller do it? want: IPC_READ, IPC_WRITE or both. 0 or -EACCES. */
int ipc_may(const struct ipc_object *o, uint32_t want);
/* May the caller change or remove the object itself? 0 or -EPERM. */
int ipc_may_change(const struct ipc_object *o);
/* IPC_SET's share that is common. */
void ipc_set_perm(struct ipc_object *o, const struct ipc64_perm *from);

/* Seconds, for times of last use. */
int64_t ipc_now_s(void);

#endif
