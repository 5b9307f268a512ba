/* SPDX-License-Identifier: BSD-2-Clause */
/* Mapped inodes: see mapped.h. */
#include "kernel/vfs/mapped.h"

#include <linux/errno.h>

#include "kernel/vfs/dentry.h"
#include "kernel/vfs/inode.h"

void mapped_get(struct file *f, struct backing *b, struct dentry **name)
{
    if (b->refs == 0) {
        inode_get(f->inode);
        *name = f->dentry;
        dentry_get(f->dentry);
    }
    b->refs++;
}

void mapped_release(struct inode *inode, struct dentry **name)
{
    struct dentry *was = *name;

    *name = NULL;
    if (was)
        dentry_put(was);
    inode_put(inode);
}

int mapped_describe(const struct inode *inode, struct dentry *name, char *buf,
                    size_t size_bytes, uint64_t *ino)
{
    *ino = inode->ino;
    return name ? dentry_path(name, buf, size_bytes) : -ENOENT;
}
