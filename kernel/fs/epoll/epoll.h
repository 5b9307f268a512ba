/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * epoll(7): sets of open files, and a list of those that became ready, so that
 * waiting costs by readiness and not by the size of the set.
 */
#ifndef EINKORN_KERNEL_FS_EPOLL_EPOLL_H
#define EINKORN_KERNEL_FS_EPOLL_EPOLL_H

#include <stdint.h>

#include "kernel/core/uaccess.h"

struct file;

/* A new set, one reference, or NULL. */
struct file *epoll_new(void);
/* epoll_ctl(2): f is what fd names now. 0 or -errno as there. */
int epoll_control(struct file *ep_file, int op, int fd, struct file *f,
                  uint32_t events, uint64_t data);
/* epoll_wait(2): fills up to max struct epoll_event at uptr. Count or -errno
 * (-EINVAL: no epoll set). Blocks until the monotonic deadline. */
int epoll_wait(struct file *ep_file, uptr_t uptr, int max,
               uint64_t deadline_ns);

#endif
