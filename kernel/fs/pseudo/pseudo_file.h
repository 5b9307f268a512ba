/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the two halves of the pseudo file systems: the node, and what files
 * and links do.
 */
#ifndef EINKORN_KERNEL_FS_PSEUDO_PSEUDO_FILE_H
#define EINKORN_KERNEL_FS_PSEUDO_PSEUDO_FILE_H

#include "kernel/fs/pseudo/pseudo.h"

struct file;

struct pnode {
    struct inode inode;
    struct pnode *next, *children;
    const struct pseudo_entry *entry;       /* NULL: a plain directory */
    const struct pseudo_entry *children_of; /* directory of one number */
    const struct pseudo_entry *entries;     /* still to be made (root) */
    size_t nr_entries;
    uint64_t arg;
    size_t name_len;
    char name[];
};

extern const struct inode_ops pseudo_task_ops;

int pseudo_open(struct inode *inode, struct file *f);
int pseudo_readlink(struct inode *inode, char *buf, size_t size_bytes);
int pseudo_follow(struct inode *inode, struct dentry **out);

#endif
