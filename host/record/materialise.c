/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing out a tree: see materialise.h. Names are single components used in
 * a directory that we opened, so no link of the image is ever followed.
 */
#include "host/record/materialise.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/common/xalloc.h"

struct writer {
    const uint8_t *data;
    int top_fd;
    struct err *err;
};

static int fail(struct writer *w, const struct tree_node *node)
{
    char *path = tree_path(node);
    int error = errno;

    err_set(w->err, ERR_TOOL, "sandbox: write %s: %s%s", path, strerror(error),
            error == ENOSPC ? " (too little memory for the image)" : "");
    free(path);
    return -1;
}

static int write_content(struct writer *w, const struct tree_inode *inode,
                         int fd)
{
    const uint8_t *p = w->data + inode->source_off;
    uint64_t left = inode->len_bytes;

    while (left > 0) {
        ssize_t n = write(fd, p, left);

        if (n < 0)
            return -1;
        p += n;
        left -= (uint64_t)n;
    }
    return 0;
}

static int make_file(struct writer *w, int dir_fd, const struct tree_node *node)
{
    int fd = openat(dir_fd, node->name,
                    O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
    int ret;

    if (fd < 0)
        return -1;
    ret = write_content(w, node->inode, fd);
    close(fd);
    return ret;
}

/* A further name of a file: where the first one is stands in target, which
 * only symbolic links use otherwise. */
static int make_link(struct writer *w, int dir_fd, const struct tree_node *node)
{
    return linkat(w->top_fd, node->inode->target + 1, dir_fd, node->name, 0);
}

static int set_attributes(int dir_fd, const struct tree_node *node)
{
    const struct tree_inode *inode = node->inode;
    struct timespec times[2] = {{.tv_nsec = UTIME_NOW},
                                {inode->mtime_s, inode->mtime_ns}};
    const char *name = node->name[0] ? node->name : ".";

    if (fchownat(dir_fd, name, inode->uid, inode->gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -1;
    if (!S_ISLNK(inode->mode) &&
        fchmodat(dir_fd, name, inode->mode & 07777, 0) < 0)
        return -1;
    return utimensat(dir_fd, name, times, AT_SYMLINK_NOFOLLOW);
}

static int write_node(struct writer *w, int dir_fd, struct tree_node *node);

static int make_dir(struct writer *w, int dir_fd, struct tree_node *node)
{
    int fd, ret = 0;

    if (node->name[0] && mkdirat(dir_fd, node->name, 0700) < 0)
        return fail(w, node);
    fd = openat(dir_fd, node->name[0] ? node->name : ".",
                O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return fail(w, node);
    for (size_t i = 0; ret == 0 && i < node->nr_children; i++)
        ret = write_node(w, fd, node->children[i]);
    close(fd);
    return ret;
}

static int make_other(struct writer *w, int dir_fd, struct tree_node *node)
{
    struct tree_inode *inode = node->inode;

    if (S_ISREG(inode->mode) && inode->target)
        return make_link(w, dir_fd, node);
    if (S_ISREG(inode->mode) && inode->nlink > 1)
        inode->target = tree_path(node);
    switch (inode->mode & S_IFMT) {
    case S_IFREG:
        return make_file(w, dir_fd, node);
    case S_IFLNK:
        return symlinkat(inode->target, dir_fd, node->name);
    case S_IFIFO:
        return mkfifoat(dir_fd, node->name, 0600);
    default:
        return 0;
    }
}

static int write_node(struct writer *w, int dir_fd, struct tree_node *node)
{
    mode_t mode = node->inode->mode;

    if (S_ISCHR(mode) || S_ISBLK(mode) || S_ISSOCK(mode))
        return 0;
    if (S_ISDIR(mode)) {
        if (make_dir(w, dir_fd, node) < 0)
            return -1;
    } else if (make_other(w, dir_fd, node) < 0) {
        return fail(w, node);
    }
    return set_attributes(dir_fd, node) < 0 ? fail(w, node) : 0;
}

int materialise(const struct tree *t, const uint8_t *data, int dir_fd,
                struct err *err)
{
    struct writer w = {.data = data, .top_fd = dir_fd, .err = err};

    return write_node(&w, dir_fd, t->root);
}
