/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the process stands, and the text of paths.
 */
#include <linux/errno.h>

#include "kernel/vfs/namei.h"
#include "lib/string.h"

static struct dentry *cwd, *root;

struct dentry *vfs_cwd(void)
{
    return cwd;
}

struct dentry *vfs_root(void)
{
    return root;
}

static void replace(struct dentry **place, struct dentry *d)
{
    struct dentry *old = *place;

    dentry_get(d);
    *place = d;
    if (old)
        dentry_put(old);
}

void vfs_set_cwd(struct dentry *d)
{
    replace(&cwd, d);
}

void vfs_set_root(struct dentry *d)
{
    replace(&root, d);
}

/* Puts text before *pos; false when there is no room. */
static bool prepend(char *buf, size_t *pos, const char *text, size_t len)
{
    if (*pos < len)
        return false;
    *pos -= len;
    memcpy(buf + *pos, text, len);
    return true;
}

static bool is_deleted(const struct dentry *d)
{
    return d->parent != d && !(d->flags & DENTRY_HASHED) &&
           !(d->super->flags & SUPER_NOCACHE);
}

/* Anonymous: a root that no super knows. */
static bool is_anonymous(const struct dentry *d)
{
    return d->parent == d && (!d->super || d->super->root != d);
}

static int build(struct dentry *d, char *buf, size_t *pos)
{
    if (is_anonymous(d))
        return prepend(buf, pos, d->name, d->name_len) ? 0 : -ENAMETOOLONG;
    if (d == root)
        return prepend(buf, pos, "/", 1) ? 0 : -ENAMETOOLONG;
    while (d != root) {
        if (d->parent == d) {
            d = d->super->covered;
            if (!d)
                return -ENOENT;
            continue;
        }
        if (!prepend(buf, pos, d->name, d->name_len) ||
            !prepend(buf, pos, "/", 1))
            return -ENAMETOOLONG;
        d = d->parent;
    }
    return 0;
}

int dentry_path(struct dentry *d, char *buf, size_t size_bytes)
{
    static const char deleted[] = " (deleted)";
    size_t pos = size_bytes, len;
    int err;

    if (!prepend(buf, &pos, "", 1))
        return -ENAMETOOLONG;
    if (is_deleted(d) && !prepend(buf, &pos, deleted, sizeof(deleted) - 1))
        return -ENAMETOOLONG;
    err = build(d, buf, &pos);
    if (err)
        return err;
    len = size_bytes - pos - 1;
    memmove(buf, buf + pos, len + 1);
    return (int)len;
}
