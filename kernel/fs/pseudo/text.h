/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to kernel/fs/pseudo: its inode, and open files of text.
 */
#ifndef EINKORN_KERNEL_FS_PSEUDO_TEXT_H
#define EINKORN_KERNEL_FS_PSEUDO_TEXT_H

#include "kernel/fs/pseudo/pseudo.h"

struct pseudo_inode {
    struct inode inode;
    const struct pseudo_node *node;
    uint64_t arg;
};

static inline struct pseudo_inode *pseudo_of(struct inode *inode)
{
    return container_of(inode, struct pseudo_inode, inode);
}

int text_open(struct inode *inode, struct file *f);

#endif
