/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended attributes on disk: in what an inode has to spare, and in one more
 * block, which files may share.
 */
#include "kernel/core/alloc.h"
#include "kernel/fs/ext4/crc32c.h"
#include "kernel/fs/ext4/xattr.h"
#include "lib/string.h"

enum { MAGIC_BYTES = 4, END_BYTES = 4 };

static uint32_t round4(uint32_t n)
{
    return (n + 3) & ~3u;
}

static uint32_t bytes_of(const struct ext4_attr *a)
{
    return (uint32_t)sizeof(struct ext4_xattr_entry) + round4(a->name_len) +
           round4(a->len_bytes);
}

/* ---- reading ------------------------------------------------------------- */

/* Entries from `first` on; values lie at offsets from base; all before end. */
static int read_entries(struct ext4_node *n, const uint8_t *first,
                        const uint8_t *base, const uint8_t *end,
                        struct ext4_attr **list)
{
    const uint8_t *at = first;

    while (end - at >= END_BYTES && *(const uint32_t *)at) {
        const struct ext4_xattr_entry *e = (const void *)at;
        struct ext4_attr *a;

        if (end - at < (long)sizeof(*e) + e->name_len || e->value_inum ||
            e->value_size > (uint64_t)(end - base) ||
            e->value_offs > end - base - e->value_size)
            return ext4_damaged(n->fs, "attributes of inode", n->inode.ino);
        a = ext4_attr_new(e->name_index, e->name, e->name_len,
                          base + e->value_offs, e->value_size);
        if (!a)
            return -ENOMEM;
        a->next = *list;
        *list = a;
        at += sizeof(*e) + round4(e->name_len);
    }
    return 0;
}

/* What is behind the inode's fields: *room bytes, NULL if there are none. */
static uint8_t *spare(const struct ext4_node *n, struct ext4_inode *raw,
                      uint32_t *room)
{
    uint32_t at = EXT4_GOOD_OLD_INODE_BYTES;

    if (n->fs->inode_bytes <= at)
        return NULL;
    at += raw->extra_isize;
    if (at + MAGIC_BYTES + END_BYTES > n->fs->inode_bytes)
        return NULL;
    *room = n->fs->inode_bytes - at;
    return (uint8_t *)raw + at;
}

/* The same of the inode as it lies in *buf, which the caller puts back. */
static int spare_of(struct ext4_node *n, struct ext4_buf **buf, uint8_t **area,
                    uint32_t *room)
{
    struct ext4_inode *raw;
    int err = ext4_node_buf(n->fs, (uint32_t)n->inode.ino, buf, &raw);

    if (!err)
        *area = spare(n, raw, room);
    return err;
}

static int read_inode(struct ext4_node *n, struct ext4_attr **list)
{
    struct ext4_buf *buf;
    uint32_t room;
    uint8_t *area;
    int err = spare_of(n, &buf, &area, &room);

    if (err)
        return err;
    if (area && *(uint32_t *)area == EXT4_XATTR_MAGIC)
        err = read_entries(n, area + MAGIC_BYTES, area + MAGIC_BYTES,
                           area + room, list);
    ext4_buf_put(buf);
    return err;
}

static uint32_t block_checksum(struct ext4 *fs, struct ext4_buf *b)
{
    struct ext4_xattr_header *h = (struct ext4_xattr_header *)b->data;
    uint32_t old = h->checksum, crc;

    h->checksum = 0;
    crc = crc32c(fs->seed, &b->block, sizeof(b->block));
    crc = crc32c(crc, b->data, fs->block_bytes);
    h->checksum = old;
    return crc;
}

static int get_block(struct ext4_node *n, struct ext4_buf **out)
{
    const struct ext4_xattr_header *h;
    int err = ext4_buf_get(n->fs, n->file_acl, EXT4_PLAIN, out);

    if (err)
        return err;
    h = (const struct ext4_xattr_header *)(*out)->data;
    if (h->magic == EXT4_XATTR_MAGIC && h->refcount && h->blocks == 1 &&
        (!n->fs->csum || h->checksum == block_checksum(n->fs, *out)))
        return 0;
    ext4_buf_put(*out);
    return ext4_damaged(n->fs, "a block of attributes", n->file_acl);
}

int ext4_attrs_read(struct ext4_node *n, struct ext4_attr **list)
{
    struct ext4_buf *b;
    int err;

    *list = NULL;
    err = read_inode(n, list);
    if (!err && n->file_acl) {
        err = get_block(n, &b);
        if (!err) {
            err = read_entries(n, b->data + sizeof(struct ext4_xattr_header),
                               b->data, b->data + n->fs->block_bytes, list);
            ext4_buf_put(b);
        }
    }
    if (err)
        ext4_attrs_free(list);
    return err;
}

/* ---- writing ------------------------------------------------------------- */

static uint32_t entry_hash(const struct ext4_attr *a)
{
    const uint8_t *value = ext4_attr_value(a);
    uint32_t hash = 0;

    for (uint32_t i = 0; i < a->name_len; i++)
        hash = (hash << 5 | hash >> 27) ^ (uint8_t)a->name[i];
    for (uint32_t i = 0; i < a->len_bytes; i += 4) {
        uint32_t word = 0, left = a->len_bytes - i;

        memcpy(&word, value + i, left < 4 ? left : 4);
        hash = (hash << 16 | hash >> 16) ^ word;
    }
    return hash;
}

/* Entries from `first` upwards, values from end downwards; what is marked. */
static uint32_t write_entries(const struct ext4_attr *list, bool in_block,
                              uint8_t *first, uint8_t *base, uint8_t *end)
{
    uint32_t all = 0;

    for (const struct ext4_attr *a = list; a; a = a->next) {
        struct ext4_xattr_entry *e = (void *)first;

        if (a->in_block != in_block)
            continue;
        end -= round4(a->len_bytes);
        memcpy(end, ext4_attr_value(a), a->len_bytes);
        *e = (struct ext4_xattr_entry){
            .name_len = a->name_len,
            .name_index = a->index,
            .value_offs = (uint16_t)(a->len_bytes ? end - base : 0),
            .value_size = a->len_bytes,
            .hash = in_block ? entry_hash(a) : 0,
        };
        memcpy(e->name, a->name, a->name_len);
        first += sizeof(*e) + round4(a->name_len);
        all = (all << 16 | all >> 16) ^ e->hash;
    }
    return all;
}

/* Decides which ones lie where. Any in the block? -ENOSPC: too many. */
static int distribute(const struct ext4_node *n, struct ext4_attr *list,
                      uint32_t room)
{
    uint32_t block = n->fs->block_bytes -
                     (uint32_t)sizeof(struct ext4_xattr_header) - END_BYTES;
    bool any = false;

    for (struct ext4_attr *a = list; a; a = a->next) {
        uint32_t *left = bytes_of(a) <= room ? &room : &block;

        if (bytes_of(a) > *left)
            return -ENOSPC;
        *left -= bytes_of(a);
        a->in_block = left == &block;
        any |= a->in_block;
    }
    return any;
}

static int write_inode(struct ext4_node *n, const struct ext4_attr *list)
{
    struct ext4_buf *buf;
    uint32_t room;
    uint8_t *area;
    int err = spare_of(n, &buf, &area, &room);

    if (err)
        return err;
    if (area) {
        memset(area, 0, room);
        *(uint32_t *)area = EXT4_XATTR_MAGIC;
        write_entries(list, false, area + MAGIC_BYTES, area + MAGIC_BYTES,
                      area + room);
    }
    ext4_buf_put(buf);
    return ext4_node_dirty(n);
}

static void seal(struct ext4 *fs, struct ext4_buf *b)
{
    if (fs->csum)
        ((struct ext4_xattr_header *)b->data)->checksum = block_checksum(fs, b);
    ext4_buf_dirty(fs, b);
}

int ext4_xattr_free(struct ext4_node *n)
{
    struct ext4_xattr_header *h;
    struct ext4 *fs = n->fs;
    uint64_t block = n->file_acl;
    struct ext4_buf *b;
    int err;

    if (!block)
        return 0;
    err = get_block(n, &b);
    if (err)
        return err;
    h = (struct ext4_xattr_header *)b->data;
    if (h->refcount > 1) {
        h->refcount--;
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

/* In a block of its own, a new one each time: another file may share the old
 * one. */
static int write_block(struct ext4_node *n, const struct ext4_attr *list)
{
    struct ext4 *fs = n->fs;
    struct ext4_xattr_header *h;
    struct ext4_buf *b;
    uint64_t block;
    uint32_t got;
    int err = ext4_alloc(fs, n->file_acl, 1, &block, &got);

    if (!err)
        err = ext4_xattr_free(n);
    if (!err)
        err = ext4_buf_new(fs, block, EXT4_PLAIN, &b);
    if (err)
        return err;
    h = (struct ext4_xattr_header *)b->data;
    h->magic = EXT4_XATTR_MAGIC;
    h->refcount = h->blocks = 1;
    h->hash = write_entries(list, true, b->data + sizeof(*h), b->data,
                            b->data + fs->block_bytes);
    seal(fs, b);
    ext4_buf_put(b);
    n->file_acl = block;
    n->nr_sectors += fs->block_bytes / 512;
    return 0;
}

int ext4_attrs_write(struct ext4_node *n, struct ext4_attr *list)
{
    struct ext4_buf *buf;
    uint32_t room;
    uint8_t *area;
    int err = ext4_begin(n->fs), any;

    if (!err)
        err = spare_of(n, &buf, &area, &room);
    if (err)
        return err;
    room = area ? room - MAGIC_BYTES - END_BYTES : 0;
    ext4_buf_put(buf);
    any = distribute(n, list, room);
    if (any < 0)
        return any;
    if (any)
        err = write_block(n, list);
    else
        err = ext4_xattr_free(n);
    return err ? err : write_inode(n, list);
}
