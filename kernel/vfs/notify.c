/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From an entry to who may watch it: its directory and its inode.
 */
#include "kernel/vfs/notify.h"
#include "kernel/vfs/mode.h"

void (*notify_hook)(struct inode *inode, const char *name, uint32_t event,
                    uint32_t cookie, bool is_dir);

enum {
    /* Events of the name, that do not concern the inode's own watches. */
    NAME_EVENTS =
        NOTIFY_CREATE | NOTIFY_DELETE | NOTIFY_MOVED_FROM | NOTIFY_MOVED_TO,
    SELF_EVENTS = NOTIFY_DELETE_SELF | NOTIFY_MOVE_SELF,
};

void notify_dentry_slow(struct dentry *d, uint32_t event)
{
    bool is_dir = d->inode && S_ISDIR(d->inode->mode);

    if (d->parent != d && d->parent->inode && !(event & SELF_EVENTS))
        notify_hook(d->parent->inode, d->name, event, 0, is_dir);
    if (d->inode && !(event & NAME_EVENTS))
        notify_hook(d->inode, NULL, event, 0, is_dir);
}
