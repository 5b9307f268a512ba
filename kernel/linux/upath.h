/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Path arguments of system calls.
 */
#ifndef EINKORN_KERNEL_LINUX_UPATH_H
#define EINKORN_KERNEL_LINUX_UPATH_H

#include "kernel/core/uaccess.h"

/* A path copied in; most fit the small buffer. */
struct upath {
    char *s;
    char small[200];
};

/* 0, -EFAULT, -ENAMETOOLONG, -ENOMEM. */
int upath_get(struct upath *p, uptr_t uptr);
void upath_put(struct upath *p);

#endif
