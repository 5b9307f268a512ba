/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * path_resolution(7): one component after the other, through mounts and
 * symbolic links.
 */
#include "kernel/vfs/walk.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/limits.h>

#include "kernel/core/alloc.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/mode.h"
#include "lib/string.h"

enum { CONFINED = LOOKUP_BENEATH | LOOKUP_IN_ROOT };

static void move_to(struct walk *w, struct dentry *d)
{
    dentry_put(w->at);
    w->at = d;
}

static int to_root(struct walk *w)
{
    if (w->flags & LOOKUP_BENEATH)
        return -EXDEV;
    if ((w->flags & LOOKUP_NO_XDEV) && w->root->super != w->at->super)
        return -EXDEV;
    dentry_get(w->root);
    move_to(w, w->root);
    return 0;
}

static struct dentry *start(int dirfd, const char *path, int *err)
{
    struct file *f;

    if (*path == '/')
        return vfs_root();
    if (dirfd == AT_FDCWD)
        return vfs_cwd();
    f = fd_file(dirfd);
    *err = !f ? -EBADF : !f->dentry ? -ENOTDIR : 0;
    return *err ? NULL : f->dentry;
}

int walk_begin(struct walk *w, int dirfd, const char *path, uint32_t flags)
{
    int err = 0;

    memset(w, 0, sizeof(*w));
    if (!*path && !(flags & LOOKUP_EMPTY))
        return -ENOENT;
    if (*path == '/' && (flags & LOOKUP_BENEATH))
        return -EXDEV;
    w->at = start(dirfd, *path == '/' && (flags & LOOKUP_IN_ROOT) ? "." : path,
                  &err);
    if (err)
        return err;
    dentry_get(w->at);
    w->root = flags & CONFINED ? w->at : vfs_root();
    dentry_get(w->root);
    w->flags = flags;
    w->rest = path;
    return 0;
}

void walk_end(struct walk *w)
{
    if (w->at)
        dentry_put(w->at);
    if (w->root)
        dentry_put(w->root);
    kfree(w->buf);
}

static int may_search(struct inode *dir)
{
    if (!S_ISDIR(dir->mode))
        return -ENOTDIR;
    return process.euid == 0 ? 0 : inode_permission(dir, 1);
}

static int step_up(struct walk *w)
{
    struct dentry *d = w->at;

    if (d == w->root)
        return w->flags & LOOKUP_BENEATH ? -EXDEV : 0;
    while (d->parent == d && d->super->covered) {
        if (w->flags & LOOKUP_NO_XDEV)
            return -EXDEV;
        d = d->super->covered;
        if (d == w->root)
            break;
    }
    d = d->parent;
    dentry_get(d);
    move_to(w, d);
    return 0;
}

/* Steps onto what is mounted there. Consumes and returns a reference. */
static int cross(struct walk *w, struct dentry **d)
{
    while ((*d)->mounted) {
        struct dentry *under = *d;

        if (w->flags & LOOKUP_NO_XDEV)
            return -EXDEV;
        *d = under->mounted;
        dentry_get(*d);
        dentry_put(under);
        /* nobody looked this one up: have at least its attributes fresh */
        if ((*d)->super->flags & SUPER_REVALIDATE)
            (*d)->inode->ops->revalidate(NULL, *d);
    }
    return 0;
}

static int lookup_child(struct walk *w, const char *name, size_t len,
                        struct dentry **out)
{
    int err = may_search(w->at->inode);

    if (err)
        return err;
    if (len > DENTRY_NAME_MAX)
        return -ENAMETOOLONG;
    err = dentry_lookup(w->at, name, len, out);
    if (err)
        return err;
    err = cross(w, out);
    if (err)
        dentry_put(*out);
    return err;
}

/* The rest of the path becomes target + tail. */
static int splice_link(struct walk *w, struct dentry *link, const char *tail)
{
    size_t tail_len = strlen(tail);
    char *buf = kmalloc(PATH_MAX);
    int64_t n;

    if (!buf)
        return -ENOMEM;
    n = link->inode->ops->readlink(link->inode, buf, PATH_MAX);
    if (n == 0)
        n = -ENOENT;
    if (n > 0 && n + tail_len >= PATH_MAX)
        n = -ENAMETOOLONG;
    if (n < 0) {
        kfree(buf);
        return (int)n;
    }
    memcpy(buf + n, tail, tail_len + 1);
    kfree(w->buf);
    w->buf = buf;
    w->rest = buf;
    return *buf == '/' ? to_root(w) : 0;
}

/* Follows link (consumes the reference). *jumped: it led to an object, which
 * is now w->at. */
static int follow(struct walk *w, struct dentry *link, const char *tail,
                  bool *jumped)
{
    struct dentry *target = NULL;
    int err = 0;

    *jumped = false;
    if (w->flags & LOOKUP_NO_SYMLINKS || ++w->links > SYMLINKS_MAX)
        err = -ELOOP;
    if (!err && link->inode->ops->follow)
        err = link->inode->ops->follow(link->inode, &target);
    if (!err && target) {
        *jumped = true;
        w->rest = tail;
        move_to(w, target);
        err = w->flags & (CONFINED | LOOKUP_NO_MAGIC) ? -ELOOP : 0;
    } else if (!err) {
        err = splice_link(w, link, tail);
    }
    dentry_put(link);
    return err;
}

static int step(struct walk *w, const char *name, size_t len, const char *tail)
{
    struct dentry *d;
    bool jumped;
    int err = lookup_child(w, name, len, &d);

    if (err)
        return err;
    if (!d->inode) {
        dentry_put(d);
        return -ENOENT;
    }
    if (S_ISLNK(d->inode->mode))
        return follow(w, d, tail, &jumped);
    move_to(w, d);
    w->rest = tail;
    return 0;
}

static bool is_dots(const char *name, size_t len)
{
    return name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'));
}

int walk_parent(struct walk *w)
{
    for (;;) {
        const char *name = w->rest, *end, *next;
        int err;

        while (*name == '/')
            name++;
        for (end = name; *end && *end != '/'; end++)
            ;
        for (next = end; *next == '/'; next++)
            ;
        w->name = name;
        w->name_len = end - name;
        w->trailing = *end == '/';
        if (name == end)
            return 0;
        if (is_dots(name, end - name)) {
            err = may_search(w->at->inode);
            if (!err && end - name == 2)
                err = step_up(w);
            w->rest = next;
            w->name_len = 0;
            if (err || !*next)
                return err;
            continue;
        }
        if (!*next)
            return may_search(w->at->inode);
        err = step(w, name, end - name, end);
        if (err)
            return err;
    }
}

int walk_last(struct walk *w, struct dentry **out)
{
    for (;;) {
        struct dentry *d;
        bool jumped;
        int err;

        if (!w->name_len) {
            dentry_get(w->at);
            *out = w->at;
            return 0;
        }
        err = lookup_child(w, w->name, w->name_len, &d);
        if (err)
            return err;
        if (!d->inode || !S_ISLNK(d->inode->mode) ||
            !((w->flags & LOOKUP_FOLLOW) || w->trailing)) {
            *out = d;
            return 0;
        }
        err = follow(w, d, w->trailing ? "/" : "", &jumped);
        if (err)
            return err;
        if (jumped)
            w->name_len = 0;
        else if ((err = walk_parent(w)) != 0)
            return err;
    }
}

int path_lookup(int dirfd, const char *path, uint32_t flags,
                struct dentry **out)
{
    struct walk w;
    int err = walk_begin(&w, dirfd, path, flags);

    if (!err)
        err = walk_parent(&w);
    if (!err)
        err = walk_last(&w, out);
    if (!err && !(*out)->inode)
        err = -ENOENT;
    else if (!err && ((flags & LOOKUP_DIRECTORY) || w.trailing) &&
             !S_ISDIR((*out)->inode->mode))
        err = -ENOTDIR;
    else
        goto end;
    if (err)
        dentry_put(*out);
end:
    walk_end(&w);
    return err;
}

int path_parent(int dirfd, const char *path, struct path_last *last)
{
    struct walk w;
    int err = walk_begin(&w, dirfd, path, 0);

    if (!err)
        err = walk_parent(&w);
    if (!err && w.name_len > DENTRY_NAME_MAX)
        err = -ENAMETOOLONG;
    if (!err) {
        dentry_get(w.at);
        last->parent = w.at;
        memcpy(last->name, w.name, w.name_len);
        last->name[w.name_len] = '\0';
        last->name_len = w.name_len;
        last->must_be_dir = w.trailing;
        last->special = w.name_len == 0;
    }
    walk_end(&w);
    return err;
}
