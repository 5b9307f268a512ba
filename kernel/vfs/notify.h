/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where changes of files are told to inotify(7). One hook, set when the first
 * inotify descriptor is made: a test and a branch until then.
 */
#ifndef EINKORN_KERNEL_VFS_NOTIFY_H
#define EINKORN_KERNEL_VFS_NOTIFY_H

#include "kernel/vfs/dentry.h"

/* The bits of inotify(7). */
enum {
    NOTIFY_ACCESS = 0x1,
    NOTIFY_MODIFY = 0x2,
    NOTIFY_ATTRIB = 0x4,
    NOTIFY_CLOSE_WRITE = 0x8,
    NOTIFY_CLOSE_NOWRITE = 0x10,
    NOTIFY_OPEN = 0x20,
    NOTIFY_MOVED_FROM = 0x40,
    NOTIFY_MOVED_TO = 0x80,
    NOTIFY_CREATE = 0x100,
    NOTIFY_DELETE = 0x200,
    NOTIFY_DELETE_SELF = 0x400,
    NOTIFY_MOVE_SELF = 0x800,
};

/* name: the entry's in dir, or NULL when inode itself is meant. */
extern void (*notify_hook)(struct inode *inode, const char *name,
                           uint32_t event, uint32_t cookie, bool is_dir);

void notify_dentry_slow(struct dentry *d, uint32_t event);

/* Tells watchers of d's directory and, where inotify does, of d itself. */
static inline void notify_dentry(struct dentry *d, uint32_t event)
{
    if (notify_hook)
        notify_dentry_slow(d, event);
}

#endif
