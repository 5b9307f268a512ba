/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EROFS extended attributes: a header behind the inode, numbers of shared
 * attributes, then the inode's own.
 */
#include <linux/errno.h>

#include "kernel/fs/erofs/erofs.h"
#include "kernel/fs/erofs/format.h"
#include "lib/string.h"

#ifndef EUCLEAN
#define EUCLEAN 117
#endif

static const char *prefix_of(uint8_t index)
{
    static const char *const names[] = {
        [1] = "user.",
        [2] = "system.posix_acl_access",
        [3] = "system.posix_acl_default",
        [4] = "trusted.",
        [5] = "lustre.",
        [6] = "security.",
    };

    return index < sizeof(names) / sizeof(names[0]) ? names[index] : NULL;
}

/* Decodes the entry at off; *end is where it ends, 4-byte aligned. */
static int decode(const struct erofs *fs, uint64_t off, char *name,
                  size_t name_size, const void **value, size_t *value_len,
                  uint64_t *end)
{
    struct erofs_xattr_entry e;
    const char *prefix;
    size_t n;

    if (off > fs->len_bytes || fs->len_bytes - off < sizeof(e))
        return -EUCLEAN;
    memcpy(&e, fs->base + off, sizeof(e));
    off += sizeof(e);
    if (fs->len_bytes - off < (uint64_t)e.name_len + e.value_len)
        return -EUCLEAN;
    prefix = prefix_of(e.prefix);
    if (!prefix)
        return -EUCLEAN;
    n = strlen(prefix);
    if (n + e.name_len >= name_size)
        return -ERANGE;
    memcpy(name, prefix, n);
    memcpy(name + n, fs->base + off, e.name_len);
    name[n + e.name_len] = '\0';
    *value = fs->base + off + e.name_len;
    *value_len = e.value_len;
    *end = (off + e.name_len + e.value_len + 3) & ~UINT64_C(3);
    return 0;
}

int erofs_xattr(const struct erofs *fs, const struct erofs_node *node,
                unsigned index, char *name, size_t name_size,
                const void **value, size_t *value_len)
{
    uint64_t off = node->xattr_off, limit = off + node->xattr_len;
    struct erofs_xattr_header h;
    uint32_t shared;
    int err;

    if (node->xattr_len < sizeof(h))
        return -ENODATA;
    memcpy(&h, fs->base + off, sizeof(h));
    off += sizeof(h);
    if (h.nr_shared * 4u > limit - off)
        return -EUCLEAN;
    if (index < h.nr_shared) {
        memcpy(&shared, fs->base + off + index * 4, sizeof(shared));
        return decode(fs, fs->xattr_off + shared * UINT64_C(4), name, name_size,
                      value, value_len, &off);
    }
    off += h.nr_shared * 4u;
    for (index -= h.nr_shared; off < limit; index--) {
        err = decode(fs, off, name, name_size, value, value_len, &off);
        if (err || index == 0)
            return err;
    }
    return -ENODATA;
}
