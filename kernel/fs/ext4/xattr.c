/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended attributes: xattr(7). Access control lists have a form of their own
 * on disk; they are kept, but neither shown nor set.
 */
#include "kernel/fs/ext4/xattr.h"

#include <linux/limits.h>
#include <linux/xattr.h>

#include "kernel/core/alloc.h"
#include "lib/list.h"
#include "lib/string.h"

static const struct {
    uint8_t index;
    const char *prefix;
} spaces[] = {{1, "user."}, {4, "trusted."}, {6, "security."}};

static const char *prefix_of(uint8_t index)
{
    for (size_t i = 0; i < ARRAY_LEN(spaces); i++)
        if (spaces[i].index == index)
            return spaces[i].prefix;
    return NULL;
}

/* Index and rest of a name. 0, -EOPNOTSUPP. */
static int split(const char *name, uint8_t *index, const char **rest)
{
    for (size_t i = 0; i < ARRAY_LEN(spaces); i++) {
        size_t len = strlen(spaces[i].prefix);

        if (strncmp(name, spaces[i].prefix, len) == 0 && name[len]) {
            *index = spaces[i].index;
            *rest = name + len;
            return 0;
        }
    }
    return -EOPNOTSUPP;
}

struct ext4_attr *ext4_attr_new(uint8_t index, const char *name,
                                uint8_t name_len, const void *value,
                                uint32_t len_bytes)
{
    struct ext4_attr *a = kzalloc(sizeof(*a) + len_bytes);

    if (!a)
        return NULL;
    a->index = index;
    a->name_len = name_len;
    a->len_bytes = len_bytes;
    memcpy(a->name, name, name_len);
    memcpy(a->value, value, len_bytes);
    return a;
}

void ext4_attrs_free(struct ext4_attr **list)
{
    while (*list) {
        struct ext4_attr *a = *list;

        *list = a->next;
        kfree(a);
    }
}

/* The order that a block must have. */
static int compare(const struct ext4_attr *a, const struct ext4_attr *b)
{
    if (a->index != b->index)
        return a->index - b->index;
    if (a->name_len != b->name_len)
        return a->name_len - b->name_len;
    return memcmp(a->name, b->name, a->name_len);
}

static struct ext4_attr **find(struct ext4_attr **list, uint8_t index,
                               const char *name)
{
    size_t len = strlen(name);

    while (*list && ((*list)->index != index || (*list)->name_len != len ||
                     memcmp((*list)->name, name, len) != 0))
        list = &(*list)->next;
    return list;
}

static void enter(struct ext4_attr **list, struct ext4_attr *a)
{
    while (*list && compare(*list, a) < 0)
        list = &(*list)->next;
    a->next = *list;
    *list = a;
}

static void sort(struct ext4_attr **list)
{
    struct ext4_attr *from = *list;

    *list = NULL;
    while (from) {
        struct ext4_attr *a = from;

        from = a->next;
        enter(list, a);
    }
}

int64_t ext4_getxattr(struct inode *inode, const char *name, void *buf,
                      size_t size_bytes)
{
    struct ext4_attr *list, *a;
    const char *rest;
    uint8_t index;
    int64_t n;
    int err = split(name, &index, &rest);

    if (!err)
        err = ext4_attrs_read(ext4_node_of(inode), &list);
    if (err)
        return err;
    a = *find(&list, index, rest);
    n = a ? (int64_t)a->len_bytes : -ENODATA;
    if (a && size_bytes && a->len_bytes > size_bytes)
        n = -ERANGE;
    else if (a && size_bytes)
        memcpy(buf, a->value, a->len_bytes);
    ext4_attrs_free(&list);
    return n;
}

int64_t ext4_listxattr(struct inode *inode, char *buf, size_t size_bytes)
{
    struct ext4_attr *list;
    size_t done = 0;
    int err = ext4_attrs_read(ext4_node_of(inode), &list);

    if (err)
        return err;
    for (const struct ext4_attr *a = list; a && !err; a = a->next) {
        const char *prefix = prefix_of(a->index);
        size_t len = prefix ? strlen(prefix) : 0;

        if (!prefix)
            continue;
        if (size_bytes && done + len + a->name_len + 1 > size_bytes)
            err = -ERANGE;
        if (size_bytes && !err) {
            memcpy(buf + done, prefix, len);
            memcpy(buf + done + len, a->name, a->name_len);
            buf[done + len + a->name_len] = '\0';
        }
        done += len + a->name_len + 1;
    }
    ext4_attrs_free(&list);
    return err ? err : (int64_t)done;
}

static int write_back(struct inode *inode, struct ext4_attr **list)
{
    int err;

    sort(list);
    err = ext4_attrs_write(ext4_node_of(inode), *list);
    if (err == -EUCLEAN || err == -EIO || err == -ENOMEM)
        ext4_abort(ext4_node_of(inode)->fs, err, "changing attributes");
    if (!err)
        inode_changed(inode);
    return err;
}

static int check_flags(const struct ext4_attr *old, int flags)
{
    if (old && (flags & XATTR_CREATE))
        return -EEXIST;
    return !old && (flags & XATTR_REPLACE) ? -ENODATA : 0;
}

int ext4_setxattr(struct inode *inode, const char *name, const void *buf,
                  size_t size_bytes, int flags)
{
    struct ext4_attr *list, **old, *new;
    const char *rest;
    uint8_t index;
    int err = split(name, &index, &rest);

    if (!err && (strlen(rest) > 255 || size_bytes > XATTR_SIZE_MAX))
        err = -ERANGE;
    if (!err)
        err = ext4_attrs_read(ext4_node_of(inode), &list);
    if (err)
        return err;
    old = find(&list, index, rest);
    err = check_flags(*old, flags);
    new = err ? NULL
              : ext4_attr_new(index, rest, (uint8_t)strlen(rest), buf,
                              (uint32_t)size_bytes);
    if (new) {
        struct ext4_attr *gone = *old;

        new->next = gone ? gone->next : NULL;
        *old = new;
        kfree(gone);
        err = write_back(inode, &list);
    }
    ext4_attrs_free(&list);
    return err || new ? err : -ENOMEM;
}

int ext4_removexattr(struct inode *inode, const char *name)
{
    struct ext4_attr *list, **old, *gone;
    const char *rest;
    uint8_t index;
    int err = split(name, &index, &rest);

    if (!err)
        err = ext4_attrs_read(ext4_node_of(inode), &list);
    if (err)
        return err;
    old = find(&list, index, rest);
    gone = *old;
    if (gone) {
        *old = gone->next;
        kfree(gone);
        err = write_back(inode, &list);
    } else {
        err = -ENODATA;
    }
    ext4_attrs_free(&list);
    return err;
}
