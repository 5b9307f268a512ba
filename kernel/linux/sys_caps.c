/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capget(2), capset(2). The sets stand in struct process; sys_ids.c changes
 * them as user ids change.
 */
#include <asm/errno.h>
#include <linux/capability.h>

#include "kernel/core/uaccess.h"
#include "kernel/linux/calls.h"
#include "kernel/sched/thread.h"

/* capget(2): versions 1 (32 bits) and 3 (64 bits); 2 is an alias of 3. An
 * unknown one is answered with ours. */
static int cap_header(uint64_t addr, struct __user_cap_header_struct *h)
{
    if (copy_in(h, addr) < 0)
        return -EFAULT;
    if (h->version == _LINUX_CAPABILITY_VERSION_1)
        return 1;
    if (h->version == _LINUX_CAPABILITY_VERSION_2 ||
        h->version == _LINUX_CAPABILITY_VERSION_3)
        return 2;
    h->version = _LINUX_CAPABILITY_VERSION_3;
    if (copy_out(addr, h) < 0)
        return -EFAULT;
    return 0;
}

int64_t sys_capget(struct abi_frame *r)
{
    struct __user_cap_header_struct h;
    struct __user_cap_data_struct d[2];
    int nr = cap_header(r->rdi, &h);

    if (nr <= 0)
        return nr < 0 ? nr : r->rsi ? -EINVAL : 0;
    if (h.pid && !thread_find(h.pid))
        return -ESRCH;
    for (int i = 0; i < 2; i++) {
        d[i].effective = (uint32_t)(process.cap_effective >> 32 * i);
        d[i].permitted = (uint32_t)(process.cap_permitted >> 32 * i);
        d[i].inheritable = (uint32_t)(process.cap_inheritable >> 32 * i);
    }
    return r->rsi ? copy_to_user(r->rsi, d, (size_t)nr * sizeof(d[0])) : 0;
}

int64_t sys_capset(struct abi_frame *r)
{
    struct __user_cap_header_struct h;
    struct __user_cap_data_struct d[2] = {0};
    uint64_t effective, permitted;
    int nr = cap_header(r->rdi, &h);

    if (nr <= 0)
        return nr < 0 ? nr : -EINVAL;
    if (copy_from_user(d, r->rsi, (size_t)nr * sizeof(d[0])) < 0)
        return -EFAULT;
    effective = d[0].effective | (uint64_t)d[1].effective << 32;
    permitted = d[0].permitted | (uint64_t)d[1].permitted << 32;
    if ((permitted & ~process.cap_permitted) || (effective & ~permitted))
        return -EPERM;
    process.cap_effective = effective;
    process.cap_permitted = permitted;
    process.cap_inheritable = d[0].inheritable | (uint64_t)d[1].inheritable
                                                     << 32;
    return 0;
}
