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

/* Two of them, as link(2) and rename(2) take: both or none. */
struct upath_pair {
    struct upath old, new;
};
int upath_get_pair(struct upath_pair *p, uptr_t old, uptr_t new);
void upath_put_pair(struct upath_pair *p);

#endif
