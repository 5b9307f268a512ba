/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads an EROFS image in memory: super block, inodes, directories, extended
 * attributes. Uncompressed images only. The image is untrusted: each offset is
 * checked before it is used, and a broken structure is -EUCLEAN (structure
 * needs cleaning), never an access outside the image. Knows nothing of the
 * VFS. Format: Linux's Documentation/filesystems/erofs.rst.
 */
#ifndef EINKORN_KERNEL_FS_EROFS_EROFS_H
#define EINKORN_KERNEL_FS_EROFS_EROFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct erofs {
    const uint8_t *base;
    uint64_t len_bytes;
    uint32_t block_bits;
    uint64_t meta_off;  /* where inode number 0 would be */
    uint64_t xattr_off; /* shared extended attributes */
    uint64_t root_nid;
    uint64_t nr_inodes;
    int64_t build_time_ns;
};

/* One inode, decoded. */
struct erofs_node {
    uint64_t nid; /* place in the image */
    uint64_t size_bytes;
    uint64_t data_off;   /* whole blocks: offset in the image */
    uint64_t inline_off; /* the tail behind the inode; 0: none */
    uint64_t inline_pos; /* where in the file that tail begins */
    uint64_t xattr_off;
    uint32_t xattr_len;
    uint32_t ino, mode, uid, gid, nlink, rdev;
    int64_t mtime_ns;
};

/* 0, -EINVAL (no EROFS), -EOPNOTSUPP (features we lack), -EUCLEAN. */
int erofs_open(struct erofs *fs, const void *image, uint64_t len_bytes);
int erofs_node(const struct erofs *fs, uint64_t nid, struct erofs_node *out);

/* [off, off+len) of the file if it is contiguous in the image: a pointer and
 * how much of it there is (*len shrinks); NULL at or beyond the end. */
const void *erofs_data(const struct erofs *fs, const struct erofs_node *node,
                       uint64_t off, uint64_t *len);
/* The file is one page-aligned run in the image that can be mapped; then
 * node->data_off is where. */
bool erofs_mappable(const struct erofs_node *node);

/* 0 and *nid, or -ENOENT, -EUCLEAN. */
int erofs_lookup(const struct erofs *fs, const struct erofs_node *dir,
                 const char *name, size_t name_len, uint64_t *nid);

struct erofs_dirent {
    const char *name; /* not terminated */
    size_t name_len;
    uint64_t nid;
    uint8_t type; /* DT_* */
};
/* Entry at *pos (0 first; advanced to the next, opaque): 1, 0 at the end,
 * -EUCLEAN. "." and ".." are among them. */
int erofs_readdir(const struct erofs *fs, const struct erofs_node *dir,
                  uint64_t *pos, struct erofs_dirent *out);

/* The index-th extended attribute: its full name ("user.x") and value. 0,
 * -ENODATA behind the last, -ERANGE (name does not fit), -EUCLEAN. */
int erofs_xattr(const struct erofs *fs, const struct erofs_node *node,
                unsigned index, char *name, size_t name_size,
                const void **value, size_t *value_len);

#endif
