/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inodes: from their table to memory and back, new ones, and their end. What
 * stands where in the table is node_disk.c's.
 */
#include "kernel/fs/ext4/node.h"
#include "kernel/core/alloc.h"
#include "kernel/core/random.h"
#include "kernel/fs/ext4/time.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/mode.h"
#include "lib/string.h"

enum { EXTRA_ISIZE = 32 };

int ext4_node_buf(struct ext4 *fs, uint32_t ino, struct ext4_buf **buf,
                  struct ext4_inode **raw)
{
    uint32_t index = (ino - 1) % fs->inodes_per_group;
    uint64_t at = (uint64_t)index * fs->inode_bytes;
    struct ext4_group_ref g;
    int err;

    if (!ino || ino > fs->sb->inodes_count)
        return ext4_damaged(fs, "an inode's number", ino);
    err = ext4_group_get(fs, (ino - 1) / fs->inodes_per_group, &g);
    if (err)
        return err;
    err =
        ext4_buf_get(fs, ext4_group_table(fs, g.desc) + (at >> fs->block_shift),
                     EXT4_PLAIN, buf);
    ext4_buf_put(g.buf);
    if (!err)
        *raw = (struct ext4_inode *)((*buf)->data + at % fs->block_bytes);
    return err;
}

static struct ext4_node **bucket_of(struct ext4 *fs, uint32_t ino)
{
    return &fs->nodes[ino % EXT4_NODE_BUCKETS];
}

static const struct inode_ops *ops_of(uint32_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return &ext4_dir_ops;
    case S_IFREG:
        return &ext4_file_ops;
    case S_IFLNK:
        return &ext4_link_ops;
    default:
        return &ext4_special_ops;
    }
}

static struct ext4_node *make(struct ext4 *fs, uint32_t ino, uint32_t mode)
{
    struct ext4_node **bucket = bucket_of(fs, ino), *n = kzalloc(sizeof(*n));

    if (!n)
        return NULL;
    inode_init(&n->inode, &fs->super, ops_of(mode), ino, mode);
    n->backing.ops = &ext4_backing_ops;
    n->fs = fs;
    list_init(&n->dirty);
    list_init(&n->orphan);
    list_init(&n->dirty_data);
    n->next = *bucket;
    *bucket = n;
    return n;
}

static void unmake(struct ext4_node *n)
{
    struct ext4_node **p = bucket_of(n->fs, (uint32_t)n->inode.ino);

    while (*p != n)
        p = &(*p)->next;
    *p = n->next;
    kfree(n->chunks);
    kfree(n);
}

int ext4_node_get(struct ext4 *fs, uint32_t ino, struct ext4_node **out)
{
    struct ext4_node *n = *bucket_of(fs, ino);
    struct ext4_inode *raw;
    struct ext4_buf *buf;
    int err;

    while (n && n->inode.ino != ino)
        n = n->next;
    if (n) {
        inode_get(&n->inode);
        *out = n;
        return 0;
    }
    err = ext4_node_buf(fs, ino, &buf, &raw);
    if (err)
        return err;
    n = make(fs, ino, raw->mode);
    if (n) {
        ext4_node_load(n, raw);
        ext4_node_set_seed(n);
        err = ext4_node_check(n, raw);
        if (err)
            unmake(n);
    }
    ext4_buf_put(buf);
    *out = n;
    return n ? err : -ENOMEM;
}

int ext4_node_dirty(struct ext4_node *n)
{
    struct ext4_inode *raw;
    int err;

    if (n->buf)
        return 0;
    err = ext4_node_buf(n->fs, (uint32_t)n->inode.ino, &n->buf, &raw);
    if (err)
        return ext4_abort(n->fs, err, "reading an inode");
    ext4_buf_dirty(n->fs, n->buf);
    list_push_back(&n->fs->dirty_nodes, &n->dirty);
    return 0;
}

static int store_node(struct ext4_node *n)
{
    struct ext4_inode *raw;
    struct ext4_buf *buf;
    int err = ext4_node_buf(n->fs, (uint32_t)n->inode.ino, &buf, &raw);

    if (err)
        return err;
    ext4_node_put(n, raw);
    ext4_buf_dirty(n->fs, buf);
    ext4_buf_put(buf);
    ext4_buf_put(n->buf);
    n->buf = NULL;
    list_remove(&n->dirty);
    return 0;
}

int ext4_nodes_store(struct ext4 *fs)
{
    int err = 0;

    while (!err && !list_empty(&fs->dirty_nodes))
        err = store_node(
            container_of(fs->dirty_nodes.next, struct ext4_node, dirty));
    return err;
}

static void set_device(struct ext4_node *n, uint64_t rdev)
{
    uint32_t word[2] = {0, (uint32_t)rdev};

    if (rdev < 0x10000) { /* both numbers below 256: the old form */
        word[0] = (uint32_t)rdev;
        word[1] = 0;
    }
    n->inode.rdev = rdev;
    memcpy(n->area, word, sizeof(word));
}

static int init_raw(struct ext4_node *n)
{
    struct ext4 *fs = n->fs;
    struct ext4_inode *raw;
    struct ext4_buf *buf;
    int err = ext4_node_buf(fs, (uint32_t)n->inode.ino, &buf, &raw);

    if (err)
        return err;
    memset(raw, 0, fs->inode_bytes);
    if (fs->inode_bytes > EXT4_GOOD_OLD_INODE_BYTES)
        raw->extra_isize = EXTRA_ISIZE;
    ext4_buf_put(buf);
    return ext4_node_dirty(n);
}

static void set_owner(struct ext4_node *dir, struct ext4_node *n)
{
    n->inode.uid = process.euid;
    n->inode.gid = process.egid;
    if (dir->inode.mode & S_ISGID) {
        n->inode.gid = dir->inode.gid;
        if (S_ISDIR(n->inode.mode))
            n->inode.mode |= S_ISGID;
    }
}

int ext4_node_new(struct ext4_node *dir, uint32_t mode, uint64_t rdev,
                  struct ext4_node **out)
{
    struct ext4 *fs = dir->fs;
    struct ext4_node *n;
    uint32_t ino;
    int err = ext4_ialloc(fs, (uint32_t)dir->inode.ino, S_ISDIR(mode), &ino);

    if (err)
        return err;
    n = make(fs, ino, mode);
    if (!n)
        return ext4_abort(fs, -ENOMEM, "making a file");
    n->generation = (uint32_t)random_u64();
    n->sync_tid = fs->tid;
    set_owner(dir, n);
    ext4_node_set_seed(n);
    if (S_ISREG(mode) || S_ISDIR(mode))
        ext4_tree_init(n);
    else if (S_ISCHR(mode) || S_ISBLK(mode))
        set_device(n, rdev);
    err = init_raw(n);
    if (err)
        return ext4_abort(fs, err, "making a file");
    *out = n;
    return 0;
}

int ext4_node_destroy(struct ext4_node *n)
{
    struct ext4 *fs = n->fs;
    int err = 0;

    ext4_pages_drop(n);
    if (n->flags & EXT4_EXTENTS_FL)
        err = ext4_cut_all(n, 0, UINT64_C(1) << 32);
    if (!err)
        err = ext4_begin(fs);
    if (!err)
        err = ext4_xattr_free(n);
    if (!err && n->is_orphan)
        err = ext4_orphan_del(n);
    if (!err)
        err = ext4_node_dirty(n);
    if (err)
        return err;
    n->inode.size_bytes = 0;
    n->inode.nlink = 0;
    n->dtime = ext4_seconds(clock_real_ns());
    err = ext4_ifree(fs, (uint32_t)n->inode.ino, S_ISDIR(n->inode.mode));
    if (!err)
        err = store_node(n);
    return err ? ext4_abort(fs, err, "removing a file") : 0;
}

void ext4_node_evict(struct inode *inode)
{
    struct ext4_node *n = ext4_node_of(inode);
    struct ext4 *fs = n->fs;

    if (!fs->read_only && !fs->aborted) {
        if (!inode->nlink)
            ext4_node_destroy(n);
        else if ((n->nr_dirty || n->has_new_times) && ext4_data_write(n))
            ext4_abort(fs, -EIO, "writing a file");
        if (n->buf && !fs->aborted && store_node(n))
            ext4_abort(fs, -EIO, "storing an inode");
    }
    ext4_buf_put(n->buf);
    list_remove(&n->dirty);
    list_remove(&n->orphan);
    ext4_pages_drop(n);
    unmake(n);
}
