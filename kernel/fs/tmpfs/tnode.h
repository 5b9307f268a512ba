/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to tmpfs: its inode and the parts that the files here share.
 */
#ifndef EINKORN_KERNEL_FS_TMPFS_TNODE_H
#define EINKORN_KERNEL_FS_TMPFS_TNODE_H

#include "kernel/fs/erofs/erofs.h"
#include "kernel/mm/mm.h"
#include "kernel/vfs/dentry.h"
#include "kernel/vfs/file.h"

enum { PAGE_BYTES = 4096, NID_BUCKETS = 256 };

struct tmpfs {
    const struct erofs *lower;
    uint64_t next_ino;
    uint64_t used_pages;
    struct tnode **by_nid; /* lower inodes in use: NID_BUCKETS lists */
};

/* A run of the file in the shareable object. */
struct extent {
    uint64_t page, nr_pages;
    uint64_t shm_off;
    bool mapped; /* made for a mapping, not written to since */
};

struct xattr {
    struct xattr *next;
    char *name;
    size_t len_bytes;
    uint8_t value[];
};

struct tnode {
    struct inode inode;
    struct backing backing; /* refs: mappings; the first holds the inode */
    struct tmpfs *fs;
    struct tnode *nid_next;
    struct erofs_node node; /* valid if lower */
    bool lower;             /* comes from the image */
    bool lower_data;        /* data is still there */
    bool lower_xattrs;
    bool kept; /* holds itself: differs from the image */
    uint32_t seals;
    struct extent *extents; /* sorted, not overlapping */
    uint32_t nr_extents, max_extents;
    uint64_t charged_pages;
    char *text;   /* data while it is still in kernel memory, or NULL */
    char *target; /* of a symbolic link made here */
    struct xattr *xattrs;
    struct dentry *map_name; /* for /proc/self/maps while mapped */
};

static inline struct tnode *tnode_of(struct inode *inode)
{
    return container_of(inode, struct tnode, inode);
}

/* inode.c */
extern const struct inode_ops tmpfs_dir_ops, tmpfs_file_ops, tmpfs_link_ops,
    tmpfs_special_ops;
struct tnode *tnode_new(struct super *super, uint32_t mode);
int tnode_from_lower(struct super *super, uint64_t nid, struct tnode **out);
/* Remember a lower inode that no longer equals the image. */
void tnode_keep(struct tnode *t);
void tnode_unlinked(struct tnode *t); /* a name of it went */
int tmpfs_getattr(struct inode *inode, struct kstat *st);
int tmpfs_setattr(struct inode *inode, const struct iattr *attr);
void tmpfs_evict(struct inode *inode);
int tmpfs_open(struct inode *inode, struct file *f);

/* extents.c: the runs. */
/* Have pages to write to: 0, -ENOSPC, -ENOMEM. */
int data_ensure(struct tnode *t, uint64_t page, uint64_t nr_pages);
/* Have pages to map, used or not. */
int data_ensure_mapped(struct tnode *t, uint64_t page, uint64_t nr_pages);
/* Counts what the file uses: extents up to its end. */
void data_charge(struct tnode *t);
static inline uint64_t data_end(const struct extent *e)
{
    return e->page + e->nr_pages;
}
static inline uint64_t data_pages(uint64_t bytes)
{
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
}
/* The extent that holds page, or the first behind it; nr_extents if none. */
uint32_t data_find(struct tnode *t, uint64_t page);
/* Contiguous memory at off: pointer, or NULL for a hole; *len shrinks to what
 * follows. off below the file's size. */
void *data_run(struct tnode *t, uint64_t off, uint64_t *len);
/* data.c: the bytes in them. */
int data_copy_up(struct tnode *t);
int data_truncate(struct tnode *t, uint64_t size_bytes);
void data_punch(struct tnode *t, uint64_t off, uint64_t len_bytes);
void data_free(struct tnode *t);
uint64_t data_blocks(struct tnode *t);
void data_trim(struct tnode *t); /* drop extents behind the end */

/* file.c, map.c, dir.c */
extern const struct file_ops tmpfs_file_fops, tmpfs_dir_fops;
extern const struct backing_ops tmpfs_backing_ops;
int tmpfs_mmap(struct file *f, struct backing **out, int prot, bool shared);
/* Zeroes and gives back [off, end). 0 or -EPERM (sealed). */
int tmpfs_punch(struct tnode *t, uint64_t off, uint64_t end);
/* names.c: of inode_ops. */
int tmpfs_create(struct inode *dir, struct dentry *d, uint32_t mode,
                 uint64_t rdev);
int tmpfs_tmpfile(struct inode *dir, uint32_t mode, struct inode **out);
int tmpfs_symlink(struct inode *dir, struct dentry *d, const char *target);
int tmpfs_link(struct inode *dir, struct dentry *d, struct inode *inode);
int tmpfs_unlink(struct inode *dir, struct dentry *d);
int tmpfs_rename(struct inode *old_dir, struct dentry *old,
                 struct inode *new_dir, struct dentry *new, uint32_t flags);
/* dir.c */
int64_t tmpfs_getdents(struct file *f, struct uio *to);
bool tmpfs_dir_empty(struct dentry *d);
bool tmpfs_lower_has(struct tnode *dir, const char *name, size_t len);
/* xattr.c */
int64_t tmpfs_getxattr(struct inode *inode, const char *name, void *buf,
                       size_t size_bytes);
int64_t tmpfs_listxattr(struct inode *inode, char *buf, size_t size_bytes);
int tmpfs_setxattr(struct inode *inode, const char *name, const void *buf,
                   size_t size_bytes, int flags);
int tmpfs_removexattr(struct inode *inode, const char *name);
void tmpfs_free_xattrs(struct tnode *t);

#endif
