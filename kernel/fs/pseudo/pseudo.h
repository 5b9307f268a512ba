/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * File systems whose files are made of text when they are read (/proc, /sys):
 * described by constant tables. An argument travels down the path: a thread's
 * or a descriptor's number, as the directories say.
 */
#ifndef EINKORN_KERNEL_FS_PSEUDO_PSEUDO_H
#define EINKORN_KERNEL_FS_PSEUDO_PSEUDO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/vfs/inode.h"

/* Text under construction; without memory it stays incomplete. */
struct seq {
    char *buf;
    size_t len_bytes, max_bytes;
    bool failed;
};

void seq_printf(struct seq *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void seq_puts(struct seq *s, const char *text);
void seq_write(struct seq *s, const void *data, size_t len_bytes);
/* For fields of lists: space, tab, newline and backslash as \ooo. */
void seq_escape(struct seq *s, const char *text);

enum { PSEUDO_NAME_MAX = 32 };

struct pseudo_node {
    const char *name; /* NULL ends a table */
    uint32_t mode;    /* permission bits; the type follows from the rest */
    uint64_t arg;     /* replaces the directory's argument if not 0 */
    /* A file: its text now. */
    void (*show)(struct seq *s, uint64_t arg);
    /* What is written to it, NUL-terminated: 0 or -errno. */
    int (*store)(uint64_t arg, const char *text, size_t len_bytes);
    /* A symbolic link: text, or the object itself. */
    int (*readlink)(uint64_t arg, char *buf, size_t size_bytes);
    int (*follow)(uint64_t arg, struct dentry **out);
    /* A directory: fixed entries ... */
    const struct pseudo_node *entries;
    /* ... and numbered ones, all described by *each. next: the first number
     * >= *nr that exists; false: none. exists: may be reached without being
     * listed. prefix: "cpu" of cpu0. */
    const struct pseudo_node *each;
    const char *prefix;
    bool (*next)(uint64_t arg, uint64_t *nr);
    bool (*exists)(uint64_t arg, uint64_t nr);
};

/* Mounts a tree; super's type and source are set. 0 or -errno. */
int pseudo_mount(struct super *super, const struct pseudo_node *root,
                 const char *path);

/* For store(): the number in text. 0, -EINVAL. */
int pseudo_number(const char *text, int64_t *value);

#endif
