/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Metadata blocks in memory. One that was changed stays until it is committed
 * and written to its place; others go when there are too many.
 */
#include "kernel/core/alloc.h"
#include "kernel/fs/ext4/ext4.h"
#include "lib/string.h"

enum { BUFS_MAX = 2048, LOOK_AT = 16 };

static struct ext4_buf **bucket_of(struct ext4 *fs, uint64_t block)
{
    return &fs->bufs[(block ^ block >> 10) % EXT4_BUF_BUCKETS];
}

static struct ext4_buf *find(struct ext4 *fs, uint64_t block)
{
    struct ext4_buf *b = *bucket_of(fs, block);

    while (b && b->block != block)
        b = b->next;
    return b;
}

static void unlink(struct ext4 *fs, struct ext4_buf *b)
{
    struct ext4_buf **p = bucket_of(fs, b->block);

    while (*p != b)
        p = &(*p)->next;
    *p = b->next;
    list_remove(&b->lru);
    fs->nr_bufs--;
}

static void drop(struct ext4 *fs, struct ext4_buf *b)
{
    list_remove(&b->tx);
    list_remove(&b->logged);
    unlink(fs, b);
    kfree(b->data);
    kfree(b);
}

static bool unused(const struct ext4_buf *b)
{
    return !b->refs && !b->in_tx && !b->is_logged;
}

/* Some of the oldest, if they are many. */
static void shrink(struct ext4 *fs)
{
    int left = LOOK_AT;

    if (fs->nr_bufs < BUFS_MAX)
        return;
    list_for_each_safe(pos, &fs->lru)
    {
        struct ext4_buf *b = container_of(pos, struct ext4_buf, lru);

        if (left-- == 0)
            break;
        if (unused(b)) {
            drop(fs, b);
        } else {
            list_remove(&b->lru);
            list_push_back(&fs->lru, &b->lru);
        }
    }
}

static struct ext4_buf *make(struct ext4 *fs, uint64_t block)
{
    struct ext4_buf *b = kzalloc(sizeof(*b)), **bucket;

    if (!b)
        return NULL;
    b->data = kmalloc(fs->block_bytes);
    if (!b->data) {
        kfree(b);
        return NULL;
    }
    b->block = block;
    list_init(&b->tx);
    list_init(&b->logged);
    bucket = bucket_of(fs, block);
    b->next = *bucket;
    *bucket = b;
    list_push_back(&fs->lru, &b->lru);
    fs->nr_bufs++;
    return b;
}

static int become(struct ext4 *fs, struct ext4_buf *b, enum ext4_kind kind)
{
    if (b->kind == kind)
        return 0;
    if (b->refs)
        return ext4_damaged(fs, "two things lie in block", b->block);
    b->kind = kind;
    b->checked = false;
    return 0;
}

int ext4_buf_get(struct ext4 *fs, uint64_t block, enum ext4_kind kind,
                 struct ext4_buf **out)
{
    struct ext4_buf *b = find(fs, block);
    int err;

    if (b) {
        err = become(fs, b, kind);
        if (err)
            return err;
        list_remove(&b->lru);
        list_push_back(&fs->lru, &b->lru);
        b->refs++;
        *out = b;
        return 0;
    }
    shrink(fs);
    b = make(fs, block);
    if (!b)
        return -ENOMEM;
    err = ext4_read_blocks(fs, block, 1, b->data);
    if (err) {
        drop(fs, b);
        return err;
    }
    b->refs = 1;
    b->kind = kind;
    *out = b;
    return 0;
}

int ext4_buf_new(struct ext4 *fs, uint64_t block, enum ext4_kind kind,
                 struct ext4_buf **out)
{
    struct ext4_buf *b = find(fs, block);

    if (block >= fs->nr_blocks)
        return ext4_damaged(fs, "a block lies outside", block);
    if (b && b->refs)
        return ext4_damaged(fs, "what is in use is free, block", block);
    if (!b) {
        shrink(fs);
        b = make(fs, block);
    }
    if (!b)
        return -ENOMEM;
    b->kind = kind;
    memset(b->data, 0, fs->block_bytes);
    b->checked = true;
    b->refs++;
    *out = b;
    return 0;
}

void ext4_buf_put(struct ext4_buf *b)
{
    if (b)
        b->refs--;
}

void ext4_buf_dirty(struct ext4 *fs, struct ext4_buf *b)
{
    if (b->in_tx)
        return;
    b->in_tx = true;
    list_push_back(&fs->tx, &b->tx);
    fs->nr_tx++;
}

/* The journal may hold it: a replay must not bring it back over the data that
 * will be there. */
static int revoke(struct ext4 *fs, uint64_t block)
{
    if (!fs->journal)
        return 0;
    if (fs->nr_revoked == fs->max_revoked) {
        uint32_t max = fs->max_revoked ? fs->max_revoked * 2 : 64;
        uint64_t *p = krealloc(fs->revoked, max * sizeof(*p));

        if (!p)
            return ext4_abort(fs, -ENOMEM, "freeing a block");
        fs->revoked = p;
        fs->max_revoked = max;
    }
    fs->revoked[fs->nr_revoked++] = block;
    return 0;
}

int ext4_buf_forget(struct ext4 *fs, uint64_t block)
{
    struct ext4_buf *b = find(fs, block);

    if (b && b->in_tx) {
        list_remove(&b->tx);
        b->in_tx = false;
        fs->nr_tx--;
    }
    if (b && b->is_logged) {
        list_remove(&b->logged);
        b->is_logged = false;
        fs->nr_logged--;
    }
    if (b && !b->refs)
        drop(fs, b);
    return revoke(fs, block);
}

void ext4_buf_drop(struct ext4 *fs, struct ext4_buf *b)
{
    if (b->refs) { /* the owner lets it go later */
        list_remove(&b->tx);
        list_remove(&b->logged);
        b->in_tx = b->is_logged = false;
    } else {
        drop(fs, b);
    }
}

void ext4_buf_drop_all(struct ext4 *fs)
{
    list_for_each_safe(pos, &fs->lru)
    {
        struct ext4_buf *b = container_of(pos, struct ext4_buf, lru);

        if (unused(b))
            drop(fs, b);
    }
}
