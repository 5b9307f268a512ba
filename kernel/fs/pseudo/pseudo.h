/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * File systems whose files are text that the kernel makes when they are
 * opened: /proc and /sys. A file system is one table of paths; directories on
 * the way appear by themselves.
 */
#ifndef EINKORN_KERNEL_FS_PSEUDO_PSEUDO_H
#define EINKORN_KERNEL_FS_PSEUDO_PSEUDO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/vfs/inode.h"

/* Text that grows. After running out of memory it stays as it is. */
struct text {
    char *buf;
    size_t len_bytes, cap_bytes;
};

void text_printf(struct text *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void text_append(struct text *t, const void *bytes, size_t len_bytes);

struct pseudo_entry {
    const char *path;  /* below the mount point: "self/maps" */
    const char *value; /* constant text (a line without its newline) */
    /* Otherwise: makes the text. arg is the entry's, or a dynamic node's. */
    void (*show)(struct text *t, uint64_t arg);
    /* Takes what was written (NUL-terminated); NULL: read-only. 0, -errno. */
    int (*store)(const char *text, uint64_t arg);
    const char *link; /* symbolic link */
    int (*readlink)(char *buf, size_t size_bytes, uint64_t arg);
    int (*follow)(struct dentry **out, uint64_t arg); /* magic link */
    /* Directory whose entries come and go: numbers, each with the files of
     * `children` below it (or the one link that children[0] describes, if its
     * path is ""). next: the first number >= from, or -1. */
    int64_t (*next)(int64_t from);
    const struct pseudo_entry *children;
    size_t nr_children;
    uint64_t arg;
};

/* Mounts it: super has type, source and options set; the rest is filled in.
 * Nodes are made when the root is first looked into. 0 or -errno. */
int pseudo_mount(struct super *super, const char *path,
                 const struct pseudo_entry *entries, size_t nr);

#endif
