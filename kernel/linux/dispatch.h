/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Start of system call dispatch, and what entry.S calls.
 */
#ifndef EINKORN_KERNEL_LINUX_DISPATCH_H
#define EINKORN_KERNEL_LINUX_DISPATCH_H

#include "kernel/linux/syscall.h"

/* Counting (ABI_BOOT_STATS) and tracing (config trace=1), when asked for. */
void syscall_init(void);

/* The platform's upcalls, by where they came from. */
void upcall_from_user(struct abi_frame *f);
void upcall_from_user_locked(struct abi_frame *f);
void upcall_from_kernel(struct abi_frame *f);

#endif
