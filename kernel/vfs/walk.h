/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The path walk itself, for the files of kernel/vfs that resolve paths.
 */
#ifndef EINKORN_KERNEL_VFS_WALK_H
#define EINKORN_KERNEL_VFS_WALK_H

#include "kernel/vfs/namei.h"

struct walk {
    struct dentry *at;   /* referenced; after walk_parent: the parent */
    struct dentry *root; /* referenced; ".." stops here */
    uint32_t flags;      /* LOOKUP_* */
    int links;
    const char *rest; /* what is still to be walked */
    char *buf;        /* owns rest after a symbolic link */
    const char *name; /* the last component ... */
    size_t name_len;  /* 0: "at" itself is the result */
    bool trailing;    /* ... and whether a slash follows it */
};

int walk_begin(struct walk *w, int dirfd, const char *path, uint32_t flags);
/* Up to the last component. */
int walk_parent(struct walk *w);
/* After walk_parent: the last component's entry, perhaps negative; symbolic
 * links are followed if flags, or a trailing slash, say so. */
int walk_last(struct walk *w, struct dentry **out);
void walk_end(struct walk *w);

/* May an entry of directory dir be removed or renamed? */
int may_delete(struct inode *dir, struct inode *victim);

#endif
