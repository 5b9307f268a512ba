/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signalfd(2): signals read from a descriptor.
 */
#ifndef EINKORN_KERNEL_FS_SIGNALFD_SIGNALFD_H
#define EINKORN_KERNEL_FS_SIGNALFD_SIGNALFD_H

#include <stdint.h>

struct file;

/* One reference, or NULL. flags: O_NONBLOCK. */
struct file *signalfd_new(uint64_t mask, uint32_t flags);
/* Another mask for an existing one; -EINVAL if f is none. */
int signalfd_set(struct file *f, uint64_t mask);

#endif
