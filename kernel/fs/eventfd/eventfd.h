/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * eventfd(2): a counter with a descriptor.
 */
#ifndef EINKORN_KERNEL_FS_EVENTFD_EVENTFD_H
#define EINKORN_KERNEL_FS_EVENTFD_EVENTFD_H

#include <stdbool.h>
#include <stdint.h>

struct file;

enum { EFD_SEMAPHORE = 1 };

/* flags: EFD_SEMAPHORE, O_NONBLOCK. One reference, or NULL. */
struct file *eventfd_new(uint32_t initial, uint32_t flags);

bool is_eventfd(const struct file *f);
/* Adds to its count, up to what it holds. */
void eventfd_add(struct file *f, uint64_t value);

#endif
