/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mount table.
 */
#include "kernel/vfs/mount.h"

#include <linux/errno.h>
#include <linux/fcntl.h>

#include "kernel/vfs/mode.h"
#include "kernel/vfs/namei.h"

static struct list mounts = LIST_INIT(mounts);

uint64_t mount_new_dev(void)
{
    static uint64_t next = 20;

    return next++; /* major 0, as Linux's file systems without device */
}

struct list *mount_list(void)
{
    return &mounts;
}

/* Where names are asked for each time they would lead past the mount. */
static void pin_names(struct dentry *d)
{
    for (; d->parent != d; d = d->parent)
        if (!(d->flags & DENTRY_HASHED))
            dentry_hash(d);
}

int mount_add(struct super *super, const char *path)
{
    static uint32_t next_id = 20;
    struct dentry *at = NULL;
    int err;

    if (path) {
        err = path_lookup(AT_FDCWD, path, LOOKUP_FOLLOW, &at);
        if (err)
            return err;
        if (S_ISDIR(at->inode->mode) != S_ISDIR(super->root->inode->mode)) {
            dentry_put(at);
            return -ENOTDIR;
        }
        at->mounted = super->root; /* both stay for good */
        pin_names(at);
    }
    super->covered = at;
    super->mount_id = next_id++;
    list_push_back(&mounts, &super->node);
    return 0;
}
