/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inotify(7): events about files that are watched. What other clients of a
 * host directory do is not seen.
 */
#ifndef EINKORN_KERNEL_FS_INOTIFY_INOTIFY_H
#define EINKORN_KERNEL_FS_INOTIFY_INOTIFY_H

#include <stdint.h>

struct file;
struct inode;

enum {
    IN_ONLYDIR_ = 0x01000000,
    IN_DONT_FOLLOW_ = 0x02000000,
};

/* One reference, or NULL. flags: O_NONBLOCK. */
struct file *inotify_new(uint32_t flags);
/* Watch descriptor, or -EINVAL (f is none, empty mask), -EEXIST, -ENOMEM. */
int inotify_add(struct file *f, struct inode *inode, uint32_t mask);
int inotify_remove(struct file *f, int32_t wd);

#endif
