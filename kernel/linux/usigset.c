/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signal sets as arguments of system calls.
 */
#include "kernel/linux/usigset.h"

#include <linux/errno.h>

#include "kernel/sched/signal.h"

int sigset_wait_mask(uptr_t mask_uptr, uint64_t size_bytes)
{
    sigset64_t mask;

    if (!mask_uptr)
        return 0;
    if (size_bytes != sizeof(mask))
        return -EINVAL;
    if (copy_in(&mask, mask_uptr) < 0)
        return -EFAULT;
    signal_set_temp_mask(mask);
    return 0;
}
