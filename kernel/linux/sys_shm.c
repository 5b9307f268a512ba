/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System V shared memory: shmget(2), shmat(2), shmdt(2), shmctl(2). There is
 * one process, so a segment is a shared object that it can map several times.
 */
#include <asm/errno.h>
#include <asm/shmbuf.h>
#include <linux/ipc.h>
#include <linux/mman.h>

#include "abi/layout.h"
#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/calls.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/shm.h"
#include "kernel/sched/thread.h"
#include "lib/list.h"

enum { SEGMENTS_MAX = 4096, PERMISSIONS = 0777 };

/* As <linux/shm.h>, which needs a C library. */
enum {
    SHM_DEST = 01000,
    SHM_HUGETLB = 04000,
    SHM_RDONLY = 010000,
    SHM_RND = 020000,
    SHM_REMAP = 040000,
    SHM_EXEC = 0100000,
    SHM_LOCK = 11,
    SHM_UNLOCK = 12,
};

struct segment {
    struct list node;
    struct backing *backing; /* one reference */
    struct shmid64_ds ds;
    int32_t id;
    bool removed; /* goes with its last mapping */
};

static struct list segments = LIST_INIT(segments);
static uint32_t nr_segments;
static int32_t next_id;

static int64_t now_s(void)
{
    return clock_real_ns() / (int64_t)NSEC_PER_SEC;
}

static void drop(struct segment *s)
{
    list_remove(&s->node);
    nr_segments--;
    backing_put(s->backing);
    kfree(s);
}

/* Removed segments whose last mapping went away meanwhile. */
static void sweep(void)
{
    list_for_each_safe(n, &segments)
    {
        struct segment *s = container_of(n, struct segment, node);

        if (s->removed && s->backing->nr_vmas == 0)
            drop(s);
    }
}

static struct segment *by_id(int32_t id)
{
    sweep();
    list_for_each(n, &segments)
    {
        struct segment *s = container_of(n, struct segment, node);

        if (s->id == id)
            return s;
    }
    return NULL;
}

static struct segment *by_key(int32_t key)
{
    sweep();
    list_for_each(n, &segments)
    {
        struct segment *s = container_of(n, struct segment, node);

        if (s->ds.shm_perm.key == key && !s->removed)
            return s;
    }
    return NULL;
}

static int64_t create(int32_t key, uint64_t size, uint32_t flags)
{
    struct segment *s;

    if (size == 0 || size > ABI_SHM_MAX)
        return -EINVAL;
    if (nr_segments >= SEGMENTS_MAX)
        return -ENOSPC;
    s = kzalloc(sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->backing = shm_backing_new((size + ABI_PAGE_SIZE - 1) / ABI_PAGE_SIZE,
                                 "/SYSV (deleted)");
    if (!s->backing) {
        kfree(s);
        return -ENOMEM;
    }
    s->id = next_id++;
    s->ds.shm_perm.key = key;
    s->ds.shm_perm.uid = s->ds.shm_perm.cuid = process.euid;
    s->ds.shm_perm.gid = s->ds.shm_perm.cgid = process.egid;
    s->ds.shm_perm.mode = flags & PERMISSIONS;
    s->ds.shm_segsz = size;
    s->ds.shm_ctime = now_s();
    s->ds.shm_cpid = 1;
    list_push_back(&segments, &s->node);
    nr_segments++;
    return s->id;
}

int64_t sys_shmget(struct abi_frame *r)
{
    int32_t key = (int32_t)r->rdi;
    uint32_t flags = (uint32_t)r->rdx;
    struct segment *s = key == IPC_PRIVATE ? NULL : by_key(key);

    if ((flags & SHM_HUGETLB))
        return -ENOMEM; /* as a Linux without reserved huge pages */
    if (!s && key != IPC_PRIVATE && !(flags & IPC_CREAT))
        return -ENOENT;
    if (!s)
        return create(key, r->rsi, flags);
    if ((flags & IPC_CREAT) && (flags & IPC_EXCL))
        return -EEXIST;
    return r->rsi > s->ds.shm_segsz ? -EINVAL : s->id;
}

int64_t sys_shmat(struct abi_frame *r)
{
    struct segment *s = by_id((int32_t)r->rdi);
    uint64_t addr = r->rsi, flags = r->rdx;
    int map_flags = MAP_SHARED;
    int prot = PROT_READ;

    if (!s || (addr % ABI_PAGE_SIZE && !(flags & SHM_RND)))
        return -EINVAL;
    if (!addr && (flags & SHM_REMAP))
        return -EINVAL;
    if (addr)
        map_flags |= flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    prot |= flags & SHM_RDONLY ? 0 : PROT_WRITE;
    prot |= flags & SHM_EXEC ? PROT_EXEC : 0;
    map_flags |= flags & SHM_RDONLY ? MM_DENY_WRITE : 0;
    s->ds.shm_atime = now_s();
    s->ds.shm_lpid = 1;
    addr = (uint64_t)mm_map(addr & -ABI_PAGE_SIZE, s->ds.shm_segsz, prot,
                            map_flags, s->backing, 0);
    return (int64_t)addr == -EEXIST ? -EINVAL : (int64_t)addr;
}

int64_t sys_shmdt(struct abi_frame *r)
{
    uint64_t start = r->rdi, off = 1;
    struct backing *b = mm_backing_at(start, &off), *owned = NULL;
    uint64_t size = 0;

    list_for_each(n, &segments)
    {
        struct segment *s = container_of(n, struct segment, node);

        if (s->backing == b && off == 0) {
            owned = b;
            size = s->ds.shm_segsz;
            s->ds.shm_dtime = now_s();
            s->ds.shm_lpid = 1;
        }
    }
    if (!owned || start % ABI_PAGE_SIZE)
        return -EINVAL;
    for (uint64_t i = 0; i < size; i += ABI_PAGE_SIZE)
        if (mm_backing_at(start + i, &off) == owned && off == i)
            mm_unmap(start + i, ABI_PAGE_SIZE);
    sweep();
    return 0;
}

static int64_t copy_stat(struct segment *s, uint64_t uptr)
{
    s->ds.shm_nattch = s->backing->nr_vmas;
    return copy_out(uptr, &s->ds);
}

static int64_t set(struct segment *s, uint64_t uptr)
{
    struct shmid64_ds ds;

    if (copy_in(&ds, uptr))
        return -EFAULT;
    s->ds.shm_perm.uid = ds.shm_perm.uid;
    s->ds.shm_perm.gid = ds.shm_perm.gid;
    s->ds.shm_perm.mode = ds.shm_perm.mode & PERMISSIONS;
    s->ds.shm_ctime = now_s();
    return 0;
}

static int64_t limits(uint64_t uptr)
{
    struct shminfo64 info = {.shmmax = ABI_SHM_MAX,
                             .shmmin = 1,
                             .shmmni = SEGMENTS_MAX,
                             .shmseg = SEGMENTS_MAX,
                             .shmall = ABI_SHM_MAX / ABI_PAGE_SIZE};

    return copy_out(uptr, &info);
}

int64_t sys_shmctl(struct abi_frame *r)
{
    struct segment *s = by_id((int32_t)r->rdi);
    int cmd = (int)r->rsi;

    if (cmd == IPC_INFO)
        return limits(r->rdx);
    if (!s)
        return -EINVAL;
    switch (cmd) {
    case IPC_STAT:
        return copy_stat(s, r->rdx);
    case IPC_SET:
        return set(s, r->rdx);
    case IPC_RMID:
        s->removed = true;
        s->ds.shm_perm.mode |= SHM_DEST;
        s->ds.shm_perm.key = IPC_PRIVATE;
        sweep();
        return 0;
    case SHM_LOCK:
    case SHM_UNLOCK:
        return 0; /* nothing here pages out */
    }
    return -EINVAL;
}
