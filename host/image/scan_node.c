/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One thing of the host's file system becomes one node; see scan_node.h.
 */
#include "host/image/scan_node.h"

#include <limits.h>
#include <unistd.h>

#include "host/common/xalloc.h"

void scan_node_attributes(struct tree_inode *inode, const struct stat *st)
{
    inode->mode = st->st_mode;
    inode->uid = st->st_uid;
    inode->gid = st->st_gid;
    inode->mtime_s = st->st_mtim.tv_sec;
    inode->mtime_ns = (uint32_t)st->st_mtim.tv_nsec;
}

struct tree_node *scan_node_add(struct tree *t, struct tree_node *dir,
                                const char *name, const char *path,
                                const struct stat *st)
{
    struct tree_node *node = tree_add(t, dir, name, st->st_mode);
    struct tree_inode *inode = node->inode;
    char target[PATH_MAX];
    ssize_t len;

    scan_node_attributes(inode, st);
    if (S_ISREG(st->st_mode)) {
        inode->source = xstrdup(path);
        inode->len_bytes = (uint64_t)st->st_size;
    } else if (S_ISLNK(st->st_mode)) {
        len = readlink(path, target, sizeof(target));
        inode->len_bytes = len < 0 ? 0 : (uint64_t)len;
        inode->target = xstrndup(target, inode->len_bytes);
    } else if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
        inode->rdev = st->st_rdev;
    }
    return node;
}
