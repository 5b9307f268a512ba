/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inodes: from their table to memory and back, new ones, and their end.
 */
#include "kernel/core/alloc.h"
#include "kernel/core/random.h"
#include "kernel/fs/ext4/crc32c.h"
#include "kernel/fs/ext4/ext4.h"
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

/* Has the inode room for the field that ends there? */
static bool has_extra(const struct ext4 *fs, const struct ext4_inode *raw,
                      size_t end)
{
    return fs->inode_bytes > EXT4_GOOD_OLD_INODE_BYTES &&
           EXT4_GOOD_OLD_INODE_BYTES + (size_t)raw->extra_isize >= end;
}

#define HAS(fs, raw, field)                                                    \
    has_extra(fs, raw,                                                         \
              offsetof(struct ext4_inode, field) + sizeof((raw)->field))

static uint32_t checksum(struct ext4_node *n, struct ext4_inode *raw)
{
    struct ext4 *fs = n->fs;
    bool hi = HAS(fs, raw, checksum_hi);
    uint16_t old_lo = raw->checksum_lo, old_hi = hi ? raw->checksum_hi : 0;
    uint32_t crc;

    raw->checksum_lo = 0;
    if (hi)
        raw->checksum_hi = 0;
    crc = crc32c(n->seed, raw, fs->inode_bytes);
    raw->checksum_lo = old_lo;
    if (hi)
        raw->checksum_hi = old_hi;
    return hi ? crc : crc & 0xffff;
}

void ext4_node_checksum(struct ext4_node *n, struct ext4_inode *raw)
{
    uint32_t crc;

    if (!n->fs->csum)
        return;
    crc = checksum(n, raw);
    raw->checksum_lo = (uint16_t)crc;
    if (HAS(n->fs, raw, checksum_hi))
        raw->checksum_hi = (uint16_t)(crc >> 16);
}

static void set_seed(struct ext4_node *n)
{
    uint32_t ino = (uint32_t)n->inode.ino;

    n->seed = crc32c(n->fs->seed, &ino, sizeof(ino));
    n->seed = crc32c(n->seed, &n->generation, sizeof(n->generation));
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

static void load_times(struct ext4_node *n, const struct ext4_inode *raw)
{
    struct ext4 *fs = n->fs;
    struct inode *i = &n->inode;

    i->atime_ns =
        ext4_time(raw->atime, HAS(fs, raw, atime_extra) ? raw->atime_extra : 0);
    i->mtime_ns =
        ext4_time(raw->mtime, HAS(fs, raw, mtime_extra) ? raw->mtime_extra : 0);
    i->ctime_ns =
        ext4_time(raw->ctime, HAS(fs, raw, ctime_extra) ? raw->ctime_extra : 0);
    i->btime_ns = HAS(fs, raw, crtime_extra)
                      ? ext4_time(raw->crtime, raw->crtime_extra)
                      : i->ctime_ns;
}

static void load_device(struct ext4_node *n)
{
    uint32_t word[2];

    memcpy(word, n->area, sizeof(word));
    n->inode.rdev = word[0] ? word[0] : word[1];
}

static void load(struct ext4_node *n, const struct ext4_inode *raw)
{
    struct inode *i = &n->inode;
    uint64_t sectors = ext4_join(raw->blocks_lo, raw->blocks_hi);

    i->mode = raw->mode;
    i->nlink = raw->links;
    i->uid = raw->uid_lo | (uint32_t)raw->uid_hi << 16;
    i->gid = raw->gid_lo | (uint32_t)raw->gid_hi << 16;
    i->size_bytes = ext4_join(raw->size_lo, raw->size_hi);
    n->flags = raw->flags;
    n->dtime = raw->dtime;
    n->generation = raw->generation;
    n->file_acl = ext4_join(raw->file_acl_lo, raw->file_acl_hi);
    n->nr_sectors = raw->flags & EXT4_HUGE_FILE_FL
                        ? sectors << (n->fs->block_shift - 9)
                        : sectors;
    memcpy(n->area, raw->block, sizeof(n->area));
    load_times(n, raw);
    if (S_ISCHR(i->mode) || S_ISBLK(i->mode))
        load_device(n);
}

static int check(struct ext4_node *n, struct ext4_inode *raw)
{
    struct ext4 *fs = n->fs;
    const struct inode *i = &n->inode;
    bool tree = S_ISREG(i->mode) || S_ISDIR(i->mode);
    uint32_t got;

    if (fs->inode_bytes > EXT4_GOOD_OLD_INODE_BYTES &&
        (raw->extra_isize % 4 ||
         raw->extra_isize > fs->inode_bytes - EXT4_GOOD_OLD_INODE_BYTES))
        return ext4_damaged(fs, "size of an inode", i->ino);
    got = raw->checksum_lo |
          (HAS(fs, raw, checksum_hi) ? (uint32_t)raw->checksum_hi << 16 : 0);
    if (fs->csum && got != checksum(n, raw))
        return ext4_damaged(fs, "checksum of an inode", i->ino);
    if (i->size_bytes > (UINT64_C(1) << 44) ||
        (S_ISDIR(i->mode) &&
         (i->size_bytes % fs->block_bytes || i->size_bytes > UINT32_MAX)))
        return ext4_damaged(fs, "size of a file, inode", i->ino);
    if (n->flags & (EXT4_INLINE_DATA_FL | EXT4_EA_INODE_FL))
        return ext4_damaged(fs, "flags of an inode", i->ino);
    if (tree && !(n->flags & EXT4_EXTENTS_FL))
        return ext4_damaged(fs, "a file of ext2 or ext3, inode", i->ino);
    return 0;
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
        load(n, raw);
        set_seed(n);
        err = check(n, raw);
        if (err)
            unmake(n);
    }
    ext4_buf_put(buf);
    *out = n;
    return n ? err : -ENOMEM;
}

static void store_times(struct ext4_node *n, struct ext4_inode *raw)
{
    struct ext4 *fs = n->fs;
    const struct inode *i = &n->inode;

    raw->atime = ext4_seconds(i->atime_ns);
    raw->mtime = ext4_seconds(i->mtime_ns);
    raw->ctime = ext4_seconds(i->ctime_ns);
    if (HAS(fs, raw, ctime_extra))
        raw->ctime_extra = ext4_extra(i->ctime_ns);
    if (HAS(fs, raw, mtime_extra))
        raw->mtime_extra = ext4_extra(i->mtime_ns);
    if (HAS(fs, raw, atime_extra))
        raw->atime_extra = ext4_extra(i->atime_ns);
    if (HAS(fs, raw, crtime_extra)) {
        raw->crtime = ext4_seconds(i->btime_ns);
        raw->crtime_extra = ext4_extra(i->btime_ns);
    }
}

static void store(struct ext4_node *n, struct ext4_inode *raw)
{
    const struct inode *i = &n->inode;

    n->flags &= ~(uint32_t)EXT4_HUGE_FILE_FL;
    raw->mode = (uint16_t)i->mode;
    raw->links = (uint16_t)i->nlink;
    raw->uid_lo = (uint16_t)i->uid;
    raw->uid_hi = (uint16_t)(i->uid >> 16);
    raw->gid_lo = (uint16_t)i->gid;
    raw->gid_hi = (uint16_t)(i->gid >> 16);
    raw->size_lo = (uint32_t)i->size_bytes;
    raw->size_hi = (uint32_t)(i->size_bytes >> 32);
    raw->blocks_lo = (uint32_t)n->nr_sectors;
    raw->blocks_hi = (uint16_t)(n->nr_sectors >> 32);
    raw->flags = n->flags;
    raw->dtime = n->dtime;
    raw->generation = n->generation;
    raw->file_acl_lo = (uint32_t)n->file_acl;
    raw->file_acl_hi = (uint16_t)(n->file_acl >> 32);
    memcpy(raw->block, n->area, sizeof(n->area));
    store_times(n, raw);
    ext4_node_checksum(n, raw);
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
    store(n, raw);
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
    set_seed(n);
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
