/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signal sets as arguments of system calls.
 */
#ifndef EINKORN_KERNEL_LINUX_USIGSET_H
#define EINKORN_KERNEL_LINUX_USIGSET_H

#include "kernel/core/uaccess.h"

/* The mask that ppoll(2), pselect(2) and epoll_pwait(2) set while they wait,
 * if mask_uptr is not NULL. 0, -EINVAL (size), -EFAULT. */
int sigset_wait_mask(uptr_t mask_uptr, uint64_t size_bytes);

#endif
