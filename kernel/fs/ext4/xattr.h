/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to ext4's extended attributes: all of a file's, as a list.
 */
#ifndef EINKORN_KERNEL_FS_EXT4_XATTR_H
#define EINKORN_KERNEL_FS_EXT4_XATTR_H

#include "kernel/fs/ext4/ext4.h"

struct ext4_attr {
    struct ext4_attr *next;
    uint8_t index;    /* stands for the name's beginning: "user." is 1 */
    uint8_t name_len; /* of the rest */
    bool in_block;    /* not in the inode */
    uint32_t len_bytes;
    char name[256]; /* the value lies behind it */
    uint8_t value[];
};

static inline const uint8_t *ext4_attr_value(const struct ext4_attr *a)
{
    return a->value;
}

struct ext4_attr *ext4_attr_new(uint8_t index, const char *name,
                                uint8_t name_len, const void *value,
                                uint32_t len_bytes);
void ext4_attrs_free(struct ext4_attr **list);
/* The list is the caller's. 0 or -errno. */
int ext4_attrs_read(struct ext4_node *n, struct ext4_attr **list);
/* One step: the file has these, sorted by index, length and name. -ENOSPC. */
int ext4_attrs_write(struct ext4_node *n, struct ext4_attr *list);

#endif
