/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Special nanoseconds of utimensat(2), which Linux's own headers do not give
 * to programs.
 */
#ifndef EINKORN_KERNEL_LINUX_UTIME_H
#define EINKORN_KERNEL_LINUX_UTIME_H

enum {
    UTIME_NOW = (1 << 30) - 1,
    UTIME_OMIT = (1 << 30) - 2,
};

#endif
