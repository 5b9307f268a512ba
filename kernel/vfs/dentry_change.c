/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names that change their meaning, their place or how long they are kept.
 */
#include <linux/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/vfs/dentry_table.h"

void dentry_set(struct dentry *d, struct inode *inode)
{
    struct inode *old = d->inode;

    d->inode = inode;
    if (old)
        inode_put(old);
}

void dentry_unhash(struct dentry *d)
{
    if (d->flags & DENTRY_HASHED)
        dentry_table_remove(d);
    if (d->flags & DENTRY_PINNED) {
        d->flags &= ~DENTRY_PINNED;
        dentry_put(d);
    }
}

void dentry_pin(struct dentry *d)
{
    dentry_hash(d);
    if (d->flags & DENTRY_PINNED)
        return;
    d->flags |= DENTRY_PINNED;
    dentry_get(d);
    d->cookie = dentry_next_cookie();
    list_remove(&d->sibling);
    list_push_back(&d->parent->children, &d->sibling);
}

void dentry_prune(struct dentry *d)
{
    list_for_each_safe(pos, &d->children)
    {
        struct dentry *child = container_of(pos, struct dentry, sibling);

        if (!child->refs)
            dentry_free_up(child);
    }
}

int dentry_move(struct dentry *d, struct dentry *parent, const char *name,
                size_t len)
{
    const char *old_name = d->name == d->small_name ? NULL : d->name;
    struct dentry *old_parent = d->parent;
    bool hashed = d->flags & DENTRY_HASHED;

    if (!dentry_set_name(d, name, len))
        return -ENOMEM;
    kfree((void *)old_name);
    if (hashed)
        dentry_table_remove(d);
    d->hash = dentry_hash_name(parent, d->name, len);
    dentry_get(parent);
    d->parent = parent;
    list_remove(&d->sibling);
    list_push_back(&parent->children, &d->sibling);
    d->cookie = dentry_next_cookie();
    if (hashed)
        dentry_hash(d);
    dentry_put(old_parent);
    return 0;
}

bool dentry_is_below(const struct dentry *d, const struct dentry *ancestor)
{
    for (;;) {
        if (d == ancestor)
            return true;
        if (d->parent != d)
            d = d->parent;
        else if (d->super && d->super->covered)
            d = d->super->covered;
        else
            return false;
    }
}
