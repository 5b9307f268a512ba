/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended attributes: those that Linux gave a file go with it.
 */
#include "kernel/fs/ext4/crc32c.h"
#include "kernel/fs/ext4/ext4.h"

static void seal(struct ext4 *fs, struct ext4_buf *b)
{
    struct ext4_xattr_header *h = (struct ext4_xattr_header *)b->data;
    uint32_t crc;

    if (fs->csum) {
        h->checksum = 0;
        crc = crc32c(fs->seed, &b->block, sizeof(b->block));
        h->checksum = crc32c(crc, b->data, fs->block_bytes);
    }
    ext4_buf_dirty(fs, b);
}

int ext4_xattr_free(struct ext4_node *n)
{
    const struct ext4_xattr_header *h;
    struct ext4 *fs = n->fs;
    uint64_t block = n->file_acl;
    struct ext4_buf *b;
    int err;

    if (!block)
        return 0;
    err = ext4_buf_get(fs, block, &b);
    if (err)
        return err;
    h = (const struct ext4_xattr_header *)b->data;
    if (h->magic != EXT4_XATTR_MAGIC || !h->refcount) {
        err = ext4_damaged(fs, "a block of attributes", block);
    } else if (h->refcount > 1) {
        ((struct ext4_xattr_header *)b->data)->refcount--;
        seal(fs, b);
    } else {
        err = ext4_buf_forget(fs, block);
        if (!err)
            err = ext4_free(fs, block, 1);
    }
    ext4_buf_put(b);
    n->file_acl = 0;
    n->nr_sectors -= fs->block_bytes / 512;
    return err;
}
