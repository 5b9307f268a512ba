/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signal-driven I/O: O_ASYNC (fcntl(2), F_SETOWN, F_SETSIG).
 */
#ifndef EINKORN_KERNEL_FS_ASYNC_ASYNC_H
#define EINKORN_KERNEL_FS_ASYNC_ASYNC_H

#include <stdbool.h>

#include "kernel/vfs/file.h"

/* From now on (or no longer) the file's owner gets a signal whenever something
 * becomes possible on it; fd is what siginfo names. Sets or clears O_ASYNC in
 * the file's flags. Files that are always ready ignore it. 0 or -ENOMEM. */
int async_set(struct file *f, int fd, bool on);

#endif
