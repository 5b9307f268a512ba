/* SPDX-License-Identifier: BSD-2-Clause */
/* Making changes in a tree: see changes.h. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/common/xalloc.h"
#include "host/record/changes.h"
#include "host/record/changes_format.h"

static bool read_text(FILE *in, char *to, uint32_t len)
{
    if (len >= PATH_MAX || fread(to, 1, len, in) != len)
        return false;
    to[len] = '\0';
    return true;
}

static void set_inode(struct tree_inode *inode, const struct change *c)
{
    inode->mode = c->mode;
    inode->uid = c->uid;
    inode->gid = c->gid;
    inode->mtime_s = c->mtime_s;
    inode->mtime_ns = c->mtime_ns;
}

static bool add(struct tree *t, char *path, const struct change *c,
                const char *target, const struct spool *spool)
{
    struct tree_node *old = tree_find(t, path), *dir, *node;
    char *slash = strrchr(path, '/');

    if (!slash || !slash[1] || strlen(slash + 1) > 255)
        return false;
    *slash = '\0';
    dir = tree_find(t, path);
    if (!dir || !S_ISDIR(dir->inode->mode))
        return false;
    if (old)
        tree_remove(t, old);
    node = tree_add(t, dir, slash + 1, c->mode);
    set_inode(node->inode, c);
    if (S_ISREG(c->mode)) {
        node->inode->source = xstrdup(spool->file.path);
        node->inode->source_off = c->spool_off;
        node->inode->len_bytes = c->len_bytes;
    } else if (S_ISLNK(c->mode)) {
        node->inode->target = xstrdup(target);
        node->inode->len_bytes = strlen(target);
    }
    return true;
}

static bool apply(struct tree *t, char *path, const struct change *c,
                  const char *target, const struct spool *spool)
{
    struct tree_node *node = tree_find(t, path);

    switch (c->kind) {
    case CHANGE_REMOVE:
        if (!node || node == t->root)
            return false;
        tree_remove(t, node);
        return true;
    case CHANGE_ATTRIBUTES:
        if (!node || ((node->inode->mode ^ c->mode) & S_IFMT))
            return false;
        set_inode(node->inode, c);
        return true;
    case CHANGE_ADD:
        return add(t, path, c, target, spool);
    default:
        return false;
    }
}

long changes_apply(FILE *in, struct tree *t, const struct spool *spool)
{
    char path[PATH_MAX], target[PATH_MAX];
    struct change c;
    long nr = 0;

    while (fread(&c, sizeof(c), 1, in) == 1) {
        if (c.kind == CHANGE_END)
            return nr;
        if (!read_text(in, path, c.path_len) ||
            !read_text(in, target, c.target_len) ||
            !apply(t, path, &c, target, spool))
            return -1;
        nr++;
    }
    return -1;
}
