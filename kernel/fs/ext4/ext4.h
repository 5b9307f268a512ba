/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to ext4: the mounted file system, its blocks, inodes and pages.
 *
 * Nothing here sleeps: block devices answer at once. So whatever lies between
 * two calls of ext4_begin() is one step that is on disk as a whole or not at
 * all. Who fails in the middle of a step calls ext4_abort(): what was done so
 * far of it then never gets to the disk.
 */
#ifndef EINKORN_KERNEL_FS_EXT4_EXT4_H
#define EINKORN_KERNEL_FS_EXT4_EXT4_H

#include <linux/errno.h>

#include "kernel/core/clock.h"
#include "kernel/fs/ext4/format.h"
#include "kernel/fs/ext4/mount.h"
#include "kernel/mm/mm.h"
#include "kernel/vfs/dentry.h"
#include "kernel/vfs/file.h"

#ifndef EUCLEAN
#define EUCLEAN 117
#endif

enum {
    PAGE_BYTES = 4096,
    EXT4_STEP_BLOCKS = 40, /* metadata blocks that one step may change */
    EXT4_BUF_BUCKETS = 1024,
    EXT4_NODE_BUCKETS = 1024,
    CHUNK_PAGES = 256,
};

struct ext4_node;

/* What a metadata block is used as. A damaged disk may have one block in two
 * places: what was found valid as one thing is not so as another. */
enum ext4_kind {
    EXT4_PLAIN, /* checked by who reads it, each time */
    EXT4_BLOCK_MAP,
    EXT4_INODE_MAP,
    EXT4_TREE,
    EXT4_DIR,
};

/* A metadata block in memory. */
struct ext4_buf {
    struct ext4_buf *next; /* in its bucket */
    struct list lru;
    struct list tx;     /* fs->tx: changed since the last commit */
    struct list logged; /* fs->logged: in the journal, not yet at its place */
    uint64_t block;
    uint8_t *data;
    uint32_t refs;
    bool in_tx, is_logged;
    enum ext4_kind kind;
    bool checked; /* its content was found valid as that */
};

/* Blocks that are free once the running transaction is on disk. */
struct ext4_freed {
    uint64_t start, len;
};

struct ext4 {
    struct super super;
    char source[16];
    uint32_t dev;
    uint64_t dev_off, dev_bytes; /* of the file system there */
    bool read_only;
    int aborted; /* -errno: nothing is written any more */
    struct ext4 *next;

    /* geometry */
    uint32_t block_bytes, block_shift, blocks_per_page;
    uint64_t nr_blocks;
    uint32_t nr_groups, blocks_per_group, inodes_per_group;
    uint32_t inode_bytes, desc_bytes, first_data_block;
    bool csum;
    uint32_t seed; /* of checksums */
    struct ext4_buf *super_buf;
    struct ext4_super *sb; /* within super_buf */

    /* metadata blocks */
    struct ext4_buf *bufs[EXT4_BUF_BUCKETS];
    struct list lru;
    uint32_t nr_bufs;

    /* the running transaction */
    struct list tx;
    uint32_t nr_tx, max_tx;
    struct ext4_freed *freed;
    uint32_t nr_freed, max_freed;
    uint64_t freed_blocks;
    uint64_t *revoked;
    uint32_t nr_revoked, max_revoked;
    struct list dirty_nodes; /* attributes newer than their block */
    struct ext4_journal *journal;
    struct list logged;
    uint32_t nr_logged;
    bool unflushed; /* written since the last flush */
    struct {
        uint64_t block;
        uint32_t nr;
        uint8_t *data;
    } late;       /* blocks on their way: device.c */
    uint64_t tid; /* number of the running transaction */

    /* inodes and their pages */
    struct ext4_node *nodes[EXT4_NODE_BUCKETS];
    struct list orphans;    /* in the order of the chain on disk */
    struct list dirty_data; /* nodes with pages to be written */
    struct list chunks;     /* least recently used first */
    uint64_t nr_dirty, nr_pages, max_pages;
    struct timer timer; /* the next write-back */
};

/* Up to CHUNK_PAGES pages of a file in a row, in the shareable object. */
struct ext4_chunk {
    struct list lru;
    struct ext4_node *node;
    uint32_t index;    /* of CHUNK_PAGES */
    uint32_t nr_pages; /* there is room for so many */
    uint64_t shm_off;
    uint32_t pins;
    uint64_t valid[CHUNK_PAGES / 64], dirty[CHUNK_PAGES / 64];
    uint64_t writable[CHUNK_PAGES / 64]; /* in mappings, without a word */
};

struct ext4_node {
    struct inode inode;
    struct backing backing; /* refs: mappings; the first holds the inode */
    struct ext4 *fs;
    struct ext4_node *next;
    uint32_t seed, generation, flags, dtime, version;
    uint64_t file_acl, nr_sectors; /* of 512 bytes */
    union {
        uint8_t area[EXT4_BLOCK_AREA];
        struct ext4_extent_header tree;
    };
    struct ext4_buf *buf; /* where it is stored: held while it is dirty */
    struct list dirty;
    struct list orphan;
    bool is_orphan;
    uint32_t dir_hint; /* block where a new name last found room */
    /* pages */
    struct list dirty_data;
    uint32_t nr_dirty;
    bool ordered;        /* pages must be written before the next commit */
    bool is_map_written; /* some chunk has writable pages */
    bool has_new_times;  /* by a mapping: not yet in a transaction */
    uint64_t sync_tid;   /* transaction that fdatasync needs */
    struct ext4_chunk **chunks;
    uint32_t nr_chunks, max_chunks;
    uint64_t next_page; /* where a sequential reader goes on */
    struct dentry *map_name;
};

static inline struct ext4_node *ext4_node_of(struct inode *inode)
{
    return container_of(inode, struct ext4_node, inode);
}

static inline uint64_t ext4_join(uint32_t lo, uint32_t hi)
{
    return (uint64_t)hi << 32 | lo;
}

/* device.c: whole blocks; 0 or -EIO. */
int ext4_read_blocks(struct ext4 *fs, uint64_t block, uint64_t nr, void *to);
int ext4_write_blocks(struct ext4 *fs, uint64_t block, uint64_t nr,
                      const void *from);
/* The same, but perhaps only when the next request comes, so that blocks in a
 * row become one. */
int ext4_write_late(struct ext4 *fs, uint64_t block, uint64_t nr,
                    const void *from);
int ext4_flush(struct ext4 *fs);
/* Says so, and ends all writing. Gives err back. */
int ext4_abort(struct ext4 *fs, int err, const char *what);
/* Damage was found: says what and where; -EUCLEAN. */
void ext4_tell_damage(struct ext4 *fs, const char *what, uint64_t where);
static inline int ext4_damaged(struct ext4 *fs, const char *what,
                               uint64_t where)
{
    ext4_tell_damage(fs, what, where);
    return -EUCLEAN;
}

/* buf.c: a metadata block, from the device or (new) zeroed; one reference.
 * -EUCLEAN: it is in use as something else. */
int ext4_buf_get(struct ext4 *fs, uint64_t block, enum ext4_kind kind,
                 struct ext4_buf **out);
int ext4_buf_new(struct ext4 *fs, uint64_t block, enum ext4_kind kind,
                 struct ext4_buf **out);
void ext4_buf_put(struct ext4_buf *b);
void ext4_buf_dirty(struct ext4 *fs, struct ext4_buf *b);
/* The block is metadata no more. */
int ext4_buf_forget(struct ext4 *fs, uint64_t block);
/* Out of memory, whether written or not. */
void ext4_buf_drop(struct ext4 *fs, struct ext4_buf *b);
void ext4_buf_drop_all(struct ext4 *fs);

/* tx.c: begins a step that changes up to nr metadata blocks (ext4_begin:
 * EXT4_STEP_BLOCKS). 0, -EROFS, -EIO; -EFBIG: no step may be so large. */
int ext4_begin_large(struct ext4 *fs, uint32_t nr);
static inline int ext4_begin(struct ext4 *fs)
{
    return ext4_begin_large(fs, EXT4_STEP_BLOCKS);
}
/* Everything is written in a while. */
void ext4_write_back_later(struct ext4 *fs);
/* All steps so far are on disk when it returns, and the data that new blocks
 * hold. */
int ext4_commit(struct ext4 *fs);
/* Everything is. */
int ext4_sync(struct ext4 *fs);
/* Writes committed blocks to their places and empties the journal. */
int ext4_checkpoint(struct ext4 *fs);

/* journal.c */
struct ext4_journal;
int ext4_journal_open(struct ext4 *fs);
int ext4_journal_start(struct ext4 *fs); /* may be written from now on */
int ext4_journal_commit(struct ext4 *fs);
bool ext4_journal_full(const struct ext4 *fs);
uint32_t ext4_journal_blocks(const struct ext4 *fs);
int ext4_journal_emptied(struct ext4 *fs, bool closed);
void ext4_journal_close(struct ext4 *fs);

/* group.c: descriptors. */
struct ext4_group_ref {
    struct ext4_buf *buf;
    struct ext4_group *desc;
    uint32_t nr;
};
int ext4_group_get(struct ext4 *fs, uint32_t nr, struct ext4_group_ref *out);
void ext4_group_dirty(struct ext4 *fs, struct ext4_group_ref *g);
int ext4_groups_check(struct ext4 *fs);
uint64_t ext4_group_table(struct ext4 *fs, const struct ext4_group *g);
uint32_t ext4_group_free(struct ext4 *fs, const struct ext4_group *g);
void ext4_group_set_free(struct ext4 *fs, struct ext4_group *g, uint32_t nr);
uint32_t ext4_group_blocks(struct ext4 *fs, uint32_t nr);
uint64_t ext4_group_start(struct ext4 *fs, uint32_t nr);
/* Is it a bitmap, an inode table, a superblock? Of one group. */
bool ext4_group_owns(struct ext4 *fs, const struct ext4_group_ref *g,
                     uint64_t block);
bool ext4_group_has_super(struct ext4 *fs, uint32_t nr);
int ext4_block_bitmap(struct ext4 *fs, struct ext4_group_ref *g,
                      struct ext4_buf **out);
int ext4_inode_bitmap(struct ext4 *fs, struct ext4_group_ref *g,
                      struct ext4_buf **out);
void ext4_block_bitmap_dirty(struct ext4 *fs, struct ext4_group_ref *g,
                             struct ext4_buf *map);
void ext4_inode_bitmap_dirty(struct ext4 *fs, struct ext4_group_ref *g,
                             struct ext4_buf *map);

/* super.c */
int ext4_super_read(struct ext4 *fs);
void ext4_super_dirty(struct ext4 *fs);
int ext4_super_write(struct ext4 *fs); /* at once, outside the journal */
uint64_t ext4_free_blocks(const struct ext4 *fs);
void ext4_set_free_blocks(struct ext4 *fs, uint64_t nr);

/* alloc.c: up to want blocks in a row, near goal. 0 or -ENOSPC. */
int ext4_alloc(struct ext4 *fs, uint64_t goal, uint32_t want, uint64_t *block,
               uint32_t *got);
int ext4_free(struct ext4 *fs, uint64_t block, uint64_t nr);
/* ialloc.c */
int ext4_ialloc(struct ext4 *fs, uint32_t parent, bool is_dir, uint32_t *ino);
int ext4_ifree(struct ext4 *fs, uint32_t ino, bool is_dir);

/* node.c */
int ext4_node_get(struct ext4 *fs, uint32_t ino, struct ext4_node **out);
/* A new inode of that mode, owned by the process, near dir. */
int ext4_node_new(struct ext4_node *dir, uint32_t mode, uint64_t rdev,
                  struct ext4_node **out);
/* Its attributes changed: they go with the running transaction. */
int ext4_node_dirty(struct ext4_node *n);
int ext4_nodes_store(struct ext4 *fs);
/* The block that holds the inode, and where in it. */
int ext4_node_buf(struct ext4 *fs, uint32_t ino, struct ext4_buf **buf,
                  struct ext4_inode **raw);
void ext4_node_checksum(struct ext4_node *n, struct ext4_inode *raw);
/* No name leads to it any more and nobody will use it: frees it on disk. */
int ext4_node_destroy(struct ext4_node *n);
void ext4_node_evict(struct inode *inode);
int ext4_getattr(struct inode *inode, struct kstat *st);
int ext4_setattr(struct inode *inode, const struct iattr *attr);
int ext4_open(struct inode *inode, struct file *f);

/* orphan.c: inodes that must be finished after a crash. */
int ext4_orphan_add(struct ext4_node *n);
int ext4_orphan_del(struct ext4_node *n);
int ext4_orphans_finish(struct ext4 *fs);

/* extent.c: where len blocks at lblk lie. */
struct ext4_run {
    uint64_t block; /* 0: a hole */
    uint32_t len;
    bool unwritten;
};
int ext4_map(struct ext4_node *n, uint32_t lblk, struct ext4_run *run);
void ext4_tree_init(struct ext4_node *n);
struct ext4_path {
    uint32_t depth; /* of the tree: level[depth] is the leaf */
    struct {
        struct ext4_buf *buf; /* NULL: in the inode */
        struct ext4_extent_header *h;
        int slot; /* the last entry at or below lblk; -1: none */
    } level[EXT4_EXTENT_DEPTH_MAX + 1];
};
int ext4_path_find(struct ext4_node *n, uint32_t lblk, struct ext4_path *p);
void ext4_path_put(struct ext4_path *p);
void ext4_path_dirty(struct ext4_node *n, struct ext4_path *p, uint32_t level);
static inline struct ext4_extent *ext4_extents(struct ext4_extent_header *h)
{
    return (struct ext4_extent *)(h + 1);
}
static inline struct ext4_index *ext4_indices(struct ext4_extent_header *h)
{
    return (struct ext4_index *)(h + 1);
}
static inline bool ext4_extent_unwritten(const struct ext4_extent *e)
{
    return e->len > EXT4_EXTENT_LEN_MAX;
}
static inline uint32_t ext4_extent_len(const struct ext4_extent *e)
{
    return ext4_extent_unwritten(e) ? e->len - EXT4_EXTENT_LEN_MAX : e->len;
}
static inline uint64_t ext4_extent_start(const struct ext4_extent *e)
{
    return ext4_join(e->start_lo, e->start_hi);
}
/* extent_add.c: enters blocks where nothing is mapped. */
int ext4_extent_add(struct ext4_node *n, uint32_t lblk, uint64_t block,
                    uint32_t len, bool unwritten);
/* extent_cut.c: one step of unmapping and freeing [from, to), from its end:
 * 1: more may be left, 0: nothing was there. */
int ext4_extent_cut(struct ext4_node *n, uint32_t from, uint64_t to);
/* An unwritten run has content now. */
int ext4_extent_written(struct ext4_node *n, uint32_t lblk, uint32_t len);
/* Gives up all from that block on, in as many steps as it takes. */
int ext4_cut_all(struct ext4_node *n, uint32_t from, uint64_t to);

/* grow.c: blocks for [lblk, lblk+len) of the file, in one step: what was
 * there or is new. *run is its first part; *fresh: it holds no data yet. */
int ext4_map_new(struct ext4_node *n, uint32_t lblk, uint32_t len,
                 struct ext4_run *run, bool unwritten, bool *fresh);

/* dirblock.c, dir.c: names on disk. */
int ext4_dir_block(struct ext4_node *dir, uint32_t lblk, struct ext4_buf **out);
void ext4_dir_block_dirty(struct ext4_node *dir, struct ext4_buf *b);
uint32_t ext4_dir_room(const struct ext4 *fs); /* bytes for entries */
int ext4_dir_find(struct ext4_node *dir, const char *name, size_t len,
                  uint32_t *ino);
int ext4_dir_add(struct ext4_node *dir, const char *name, size_t len,
                 struct ext4_node *child);
int ext4_dir_remove(struct ext4_node *dir, const char *name, size_t len);
/* The name means another inode from now on; ".." too. */
int ext4_dir_change(struct ext4_node *dir, const char *name, size_t len,
                    struct ext4_node *child);
int ext4_dir_init(struct ext4_node *dir, struct ext4_node *parent);
int ext4_dir_is_empty(struct ext4_node *dir);
void ext4_dir_make_empty(struct ext4_node *dir, struct ext4_buf *b);
/* htree.c: gives up the directory's index of names, if it has one; before it
 * is changed. Steps of its own. */
int ext4_dir_unindex(struct ext4_node *dir);

/* page.c: the pages of a file in memory. */
struct ext4_chunk *ext4_chunk_find(struct ext4_node *n, uint64_t page);
/* Room for nr pages from page on, all in one chunk. */
int ext4_chunk_get(struct ext4_node *n, uint64_t page, uint32_t nr,
                   struct ext4_chunk **out);
uint8_t *ext4_chunk_mem(const struct ext4_chunk *c, uint64_t page);
static inline bool ext4_bit(const uint64_t *bits, uint64_t page)
{
    return bits[page % CHUNK_PAGES / 64] >> page % 64 & 1;
}
void ext4_page_valid(struct ext4_chunk *c, uint64_t page);
void ext4_page_dirty(struct ext4_chunk *c, uint64_t page);
void ext4_page_clean(struct ext4_chunk *c, uint64_t page);
/* The file became shorter, or [page, end) of it a hole: they are zero. */
void ext4_pages_zero(struct ext4_node *n, uint64_t page, uint64_t end);
void ext4_pages_drop(struct ext4_node *n);
/* read.c: reads up to nr pages, those that are not known yet. */
int ext4_pages_fill(struct ext4_node *n, uint64_t page, uint32_t nr);
/* What is at off, below the end; *len shrinks to what follows there. */
int ext4_read_at(struct ext4_node *n, uint64_t off, uint64_t *len,
                 uint8_t **out);
/* writeback.c: dirty pages to their blocks. */
int ext4_data_write(struct ext4_node *n);
int ext4_data_write_ordered(struct ext4 *fs);
int ext4_data_write_all(struct ext4 *fs);

/* file.c, map.c, attr.c, names.c, xattr.c */
extern const struct file_ops ext4_file_fops, ext4_dir_fops;
extern const struct inode_ops ext4_dir_ops, ext4_file_ops, ext4_link_ops,
    ext4_special_ops;
extern const struct backing_ops ext4_backing_ops;
int ext4_mmap(struct file *f, struct backing **out, int prot, bool shared);
/* Before dirty pages are written: a mapping that changes one later makes it
 * dirty again. */
int ext4_map_clean(struct ext4_node *n);
/* size.c: within a step. What lies behind the end in its page becomes zero;
 * first of all, when a file gets longer. */
int ext4_clear_tail(struct ext4_node *n);
int ext4_extend(struct ext4_node *n, uint64_t size_bytes);
int ext4_truncate(struct ext4_node *n, uint64_t size_bytes);
uint64_t ext4_size_max(const struct ext4 *fs);
int ext4_fallocate(struct file *f, int mode, uint64_t off, uint64_t len);
int ext4_fsync(struct file *f, bool data_only);
int ext4_node_fsync(struct ext4_node *n, bool data_only);
int ext4_mark_accessed(struct inode *inode);
int64_t ext4_getxattr(struct inode *inode, const char *name, void *buf,
                      size_t size_bytes);
int64_t ext4_listxattr(struct inode *inode, char *buf, size_t size_bytes);
int ext4_setxattr(struct inode *inode, const char *name, const void *buf,
                  size_t size_bytes, int flags);
int ext4_removexattr(struct inode *inode, const char *name);
/* The inode goes: so does its block of attributes. */
int ext4_xattr_free(struct ext4_node *n);

#endif
