/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Path arguments.
 */
#include "kernel/linux/upath.h"

#include <linux/errno.h>
#include <linux/limits.h>

#include "kernel/core/alloc.h"

int upath_get(struct upath *p, uptr_t uptr)
{
    int64_t n = strncpy_from_user(p->small, uptr, sizeof(p->small));

    p->s = p->small;
    if (n != -ENAMETOOLONG)
        return n < 0 ? (int)n : 0;
    p->s = kmalloc(PATH_MAX);
    if (!p->s)
        return -ENOMEM;
    n = strncpy_from_user(p->s, uptr, PATH_MAX);
    if (n >= 0)
        return 0;
    kfree(p->s);
    return (int)n;
}

void upath_put(struct upath *p)
{
    if (p->s != p->small)
        kfree(p->s);
}

int upath_get_pair(struct upath_pair *p, uptr_t old, uptr_t new)
{
    int err = upath_get(&p->old, old);

    if (err)
        return err;
    err = upath_get(&p->new, new);
    if (err)
        upath_put(&p->old);
    return err;
}

void upath_put_pair(struct upath_pair *p)
{
    upath_put(&p->old);
    upath_put(&p->new);
}
