/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory: mmap(2) and relatives, locks, NUMA policy, protection keys,
 * membarrier(2).
 */
#include <asm/errno.h>
#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/membarrier.h>
#include <linux/mempolicy.h>
#include <linux/mman.h>
#include <linux/resource.h>
#include <stdbool.h>

#include "abi/layout.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/calls.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/smp.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/file.h"

/* What MAP_SHARED_VALIDATE knows. */
enum {
    KNOWN_MAP_FLAGS = MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_32BIT |
                      MAP_GROWSDOWN | 0x0800 | 0x1000 | MAP_LOCKED |
                      MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK |
                      MAP_HUGETLB | MAP_FIXED_NOREPLACE,
};

/* The object behind a descriptor, a new reference, if it may be mapped so. */
static int get_backing(int fd, int prot, int *flags, struct backing **out)
{
    struct file *f = fd_file(fd);
    bool shared = (*flags & MAP_TYPE) != MAP_PRIVATE;
    uint32_t access;
    int err;

    if (!f || (f->flags & O_PATH))
        return -EBADF;
    access = f->flags & O_ACCMODE;
    if (access == O_WRONLY)
        return -EACCES;
    if (shared && access != O_RDWR) {
        if (prot & PROT_WRITE)
            return -EACCES;
        *flags |= MM_DENY_WRITE;
    }
    if (!f->ops->mmap)
        return -ENODEV;
    file_get(f);
    err = f->ops->mmap(f, out, prot, shared);
    file_put(f);
    return err;
}

static int check_map_flags(int flags)
{
    int type = flags & MAP_TYPE;

    if (type != MAP_SHARED && type != MAP_PRIVATE &&
        type != MAP_SHARED_VALIDATE)
        return -EINVAL;
    if (type == MAP_SHARED_VALIDATE && (flags & ~KNOWN_MAP_FLAGS))
        return -EOPNOTSUPP;
    if (flags & MAP_HUGETLB)
        return -ENOMEM; /* as a Linux without reserved huge pages */
    return 0;
}

int64_t sys_mmap(struct abi_frame *r)
{
    int prot = (int)r->rdx, flags = (int)r->r10 & ~MM_DENY_WRITE;
    struct backing *b = NULL;
    int64_t ret = check_map_flags(flags);

    if (!ret && r->r9 % ABI_PAGE_SIZE)
        ret = -EINVAL;
    if (!ret && !(flags & MAP_ANONYMOUS))
        ret = get_backing((int)r->r8, prot, &flags, &b);
    if (ret)
        return ret;
    ret = mm_map(r->rdi, r->rsi, prot, flags, b, b ? r->r9 : 0);
    if (b)
        backing_put(b);
    return ret;
}

int64_t sys_munmap(struct abi_frame *r)
{
    return mm_unmap(r->rdi, r->rsi);
}

int64_t sys_mprotect(struct abi_frame *r)
{
    return mm_protect(r->rdi, r->rsi, (int)r->rdx);
}

int64_t sys_brk(struct abi_frame *r)
{
    return mm_brk(r->rdi);
}

int64_t sys_mremap(struct abi_frame *r)
{
    return mm_remap(r->rdi, r->rsi, r->rdx, (int)r->r10, r->r8);
}

int64_t sys_msync(struct abi_frame *r)
{
    return mm_sync(r->rdi, r->rsi, (int)r->rdx);
}

int64_t sys_mincore(struct abi_frame *r)
{
    return mm_mincore(r->rdi, r->rsi, r->rdx);
}

int64_t sys_madvise(struct abi_frame *r)
{
    return mm_advise(r->rdi, r->rsi, (int)r->rdx);
}

/* ---- locks: nothing here pages out, so only the arguments count --------- */

static int64_t lock(uint64_t addr, uint64_t len, bool check_limit)
{
    uint64_t most = process.limits[RLIMIT_MEMLOCK].soft;
    uint64_t start = addr & -ABI_PAGE_SIZE;

    len += addr - start;
    if (len == 0)
        return 0;
    if (check_limit && process.euid != 0 && len > most)
        return most ? -ENOMEM : -EPERM;
    return mm_mapped(start, len) ? 0 : -ENOMEM;
}

int64_t sys_mlock(struct abi_frame *r)
{
    return lock(r->rdi, r->rsi, true);
}

int64_t sys_mlock2(struct abi_frame *r)
{
    if (r->rdx & ~(uint64_t)MLOCK_ONFAULT)
        return -EINVAL;
    return lock(r->rdi, r->rsi, true);
}

int64_t sys_munlock(struct abi_frame *r)
{
    return lock(r->rdi, r->rsi, false);
}

int64_t sys_mlockall(struct abi_frame *r)
{
    uint64_t known = MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT;
    struct mm_usage usage;

    if (!(r->rdi & (MCL_CURRENT | MCL_FUTURE)) || (r->rdi & ~known))
        return -EINVAL;
    mm_usage(&usage);
    if (process.euid != 0 && (r->rdi & MCL_CURRENT) &&
        usage.virtual_bytes > process.limits[RLIMIT_MEMLOCK].soft)
        return -ENOMEM;
    return 0;
}

int64_t sys_munlockall(struct abi_frame *r)
{
    (void)r;
    return 0;
}

/* ---- NUMA: there is one node --------------------------------------------- */

static int mempolicy;

/* Nodes named beside node 0 do not exist. */
static int check_policy(int mode, uint64_t mask_uptr, uint64_t max_node)
{
    uint64_t mask = 0;

    mode &= ~MPOL_MODE_FLAGS;
    if (mode < 0 || mode >= MPOL_MAX)
        return -EINVAL;
    if (mask_uptr && max_node > 1 && copy_in(&mask, mask_uptr))
        return -EFAULT;
    if (mask & ~UINT64_C(1))
        return -EINVAL;
    if ((mode == MPOL_BIND || mode == MPOL_INTERLEAVE) && mask == 0)
        return -EINVAL;
    return (mode == MPOL_DEFAULT || mode == MPOL_LOCAL) && mask ? -EINVAL : 0;
}

int64_t sys_set_mempolicy(struct abi_frame *r)
{
    int err = check_policy((int)r->rdi, r->rsi, r->rdx);

    if (!err)
        mempolicy = (int)r->rdi;
    return err;
}

int64_t sys_mbind(struct abi_frame *r)
{
    int err = check_policy((int)r->rdx, r->r10, r->r8);

    if (!err && r->rdi % ABI_PAGE_SIZE)
        err = -EINVAL;
    if (!err && r->rsi && !mm_mapped(r->rdi, r->rsi))
        err = -EFAULT;
    return err;
}

int64_t sys_get_mempolicy(struct abi_frame *r)
{
    uint64_t flags = r->r8, mask = 0;
    int mode = flags & (MPOL_F_NODE | MPOL_F_MEMS_ALLOWED) ? 0 : mempolicy;

    if (flags & ~(uint64_t)(MPOL_F_NODE | MPOL_F_ADDR | MPOL_F_MEMS_ALLOWED))
        return -EINVAL;
    if ((flags & MPOL_F_ADDR) && !mm_mapped(r->r10 & -ABI_PAGE_SIZE, 1))
        return -EFAULT;
    if ((flags & MPOL_F_MEMS_ALLOWED) || mode == MPOL_BIND)
        mask = 1;
    if (r->rdi && copy_out(r->rdi, &mode))
        return -EFAULT;
    if (!r->rsi)
        return 0;
    if (copy_out(r->rsi, &mask) ||
        (r->rdx > 64 && clear_user(r->rsi + 8, (r->rdx - 1) / 64 * 8)))
        return -EFAULT;
    return 0;
}

/* ---- protection keys: no processor support is offered ---------------------
 */

int64_t sys_pkey_alloc(struct abi_frame *r)
{
    return r->rdi || (r->rsi & ~UINT64_C(3)) ? -EINVAL : -ENOSPC;
}

int64_t sys_pkey_free(struct abi_frame *r)
{
    (void)r;
    return -EINVAL;
}

int64_t sys_pkey_mprotect(struct abi_frame *r)
{
    return (int)r->r10 == -1 ? sys_mprotect(r) : -EINVAL;
}

/* ---- membarrier ----------------------------------------------------- */

static uint32_t registered;

int64_t sys_membarrier(struct abi_frame *r)
{
    const uint32_t sync = MEMBARRIER_CMD_PRIVATE_EXPEDITED |
                          MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE;
    uint32_t cmd = (uint32_t)r->rdi;

    if (r->rsi)
        return -EINVAL;
    switch (cmd) {
    case MEMBARRIER_CMD_QUERY:
        return sync | sync << 1 | MEMBARRIER_CMD_GLOBAL |
               MEMBARRIER_CMD_GLOBAL_EXPEDITED |
               MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED;
    case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
    case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
        registered |= cmd >> 1;
        return 0;
    case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
    case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
        if (!(registered & cmd))
            return -EPERM;
        smp_barrier();
        return 0;
    case MEMBARRIER_CMD_GLOBAL:
    case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
        smp_barrier();
        return 0;
    case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
        return 0;
    }
    return -EINVAL;
}
