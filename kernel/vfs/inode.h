/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inodes, and the file systems (supers) that own them. A file system embeds
 * struct inode in its own object and fills the fields that stat(2) shows; the
 * last reference calls ops->evict. Nothing here blocks except 9P.
 */
#ifndef EINKORN_KERNEL_VFS_INODE_H
#define EINKORN_KERNEL_VFS_INODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/list.h"

struct dentry;
struct lock_range;
struct file;
struct inode;
struct super;

/* What stat(2) and statx(2) tell. Times are nanoseconds since 1970. */
struct kstat {
    uint64_t dev, ino, rdev, size_bytes, blocks; /* blocks of 512 bytes */
    uint32_t mode, nlink, uid, gid, blksize;
    int64_t atime_ns, mtime_ns, ctime_ns, btime_ns;
};

/* Attributes to change: only those named in valid. */
enum {
    ATTR_MODE = 1,
    ATTR_UID = 2,
    ATTR_GID = 4,
    ATTR_SIZE = 8,
    ATTR_ATIME = 16,
    ATTR_MTIME = 32,
};
struct iattr {
    uint32_t valid;
    uint32_t mode, uid, gid;
    uint64_t size_bytes;
    int64_t atime_ns, mtime_ns;
};

/* All may be NULL: the operation is then refused with the usual error (EROFS
 * or EPERM), or done generically. Directory operations get a dentry that
 * already carries the name; on success they set its inode (dentry_set). */
struct inode_ops {
    /* The child of a directory, a new reference; -ENOENT. */
    int (*lookup)(struct inode *dir, struct dentry *name, struct inode **out);
    /* A new inode of any type but a symbolic link, mode with its S_IFMT. */
    int (*create)(struct inode *dir, struct dentry *d, uint32_t mode,
                  uint64_t rdev);
    /* A regular file without name (O_TMPFILE). */
    int (*tmpfile)(struct inode *dir, uint32_t mode, struct inode **out);
    int (*symlink)(struct inode *dir, struct dentry *d, const char *target);
    int (*link)(struct inode *dir, struct dentry *d, struct inode *inode);
    /* File or empty directory (-ENOTEMPTY). */
    int (*unlink)(struct inode *dir, struct dentry *d);
    /* A replaced target is positive and was checked; flags RENAME_*. */
    int (*rename)(struct inode *old_dir, struct dentry *old,
                  struct inode *new_dir, struct dentry *new, uint32_t flags);
    /* Bytes of the target, not terminated. */
    int (*readlink)(struct inode *inode, char *buf, size_t size_bytes);
    /* Links that lead to an object and not to a path (/proc/self/fd/N): a new
     * reference. NULL result in *out: use readlink. */
    int (*follow)(struct inode *inode, struct dentry **out);
    /* Fresh values into *st (pre-filled from the inode). */
    int (*getattr)(struct inode *inode, struct kstat *st);
    /* Apply; permissions were checked. */
    int (*setattr)(struct inode *inode, const struct iattr *attr);
    /* Set f->ops and f->data; flags O_TRUNC is done by the caller. */
    int (*open)(struct inode *inode, struct file *f);
    /* Is a cached name still right, and its attributes fresh (9P)? dir NULL: d
     * is the root of the file system. */
    bool (*revalidate)(struct inode *dir, struct dentry *d);
    int64_t (*getxattr)(struct inode *inode, const char *name, void *buf,
                        size_t size_bytes);
    int64_t (*listxattr)(struct inode *inode, char *buf, size_t size_bytes);
    int (*setxattr)(struct inode *inode, const char *name, const void *buf,
                    size_t size_bytes, int flags);
    int (*removexattr)(struct inode *inode, const char *name);
    /* Others outside the instance have the file too: has them know that the
     * strongest lock here on [start, end] is now of this type. -EAGAIN: they
     * have one against it. 1: done, but of the rest they know nothing any
     * more. Sleeps. */
    int (*lock)(struct inode *inode, int type, uint64_t start, uint64_t end);
    /* As lock_get(), of their locks. */
    int (*lock_get)(struct inode *inode, struct lock_range *range);
    void (*evict)(struct inode *inode);
};

struct inode {
    const struct inode_ops *ops;
    struct super *super;
    uint64_t ino, rdev, size_bytes;
    uint32_t mode, nlink, uid, gid;
    int64_t atime_ns, mtime_ns, ctime_ns, btime_ns;
    uint32_t refs;
    void *object;        /* pipe of a FIFO, socket bound to this name */
    struct list locks;   /* vfs/lock.h; null pointers until first used */
    struct list watches; /* inotify; likewise */
};

struct kstatfs {
    uint64_t type, bsize, blocks, bfree, files, ffree;
};

enum {
    SUPER_RDONLY = 1,
    SUPER_NOCACHE = 2, /* names come and go by themselves: ask each time */
    SUPER_REVALIDATE = 4,
};

/* One mounted file system. */
struct super {
    const char *type;    /* "tmpfs", "proc", ... */
    const char *source;  /* first field of /proc/mounts */
    const char *options; /* besides ro/rw, "" or ",size=..." */
    struct dentry *root;
    struct dentry *covered; /* where it is mounted; NULL: the root */
    uint64_t dev;
    uint32_t flags;
    uint32_t mount_id;
    int (*statfs)(struct super *super, struct kstatfs *out);
    struct list node; /* all mounts, in order */
    void *data;
};

/* Fields common to all; one reference, link count 1, times now. */
void inode_init(struct inode *inode, struct super *super,
                const struct inode_ops *ops, uint64_t ino, uint32_t mode);
static inline void inode_get(struct inode *inode)
{
    inode->refs++;
}
void inode_put(struct inode *inode);

int inode_stat(struct inode *inode, struct kstat *st);
/* Time stamps: modification and change, or change alone. */
void inode_touch(struct inode *inode);
void inode_changed(struct inode *inode);
void inode_accessed(struct inode *inode); /* relatime */

/* For ops->setattr: what attr says but for the size, and the change's time. */
void inode_take_attr(struct inode *inode, const struct iattr *attr);

/* May the process do this (4 read, 2 write, 1 execute or search)? 0 or
 * -EACCES, -EROFS. Root may all but execute files without any x bit. */
int inode_permission(struct inode *inode, uint32_t mask);
/* The same for access(2)'s real ids. */
int inode_permission_as(struct inode *inode, uint32_t mask, uint32_t uid,
                        uint32_t gid);
/* The program that runs now is this file: nobody may write to it. */
void inode_set_running(struct inode *inode);
/* 0, or -ETXTBSY for that file: for those who open it to write or cut it. */
int inode_check_running(const struct inode *inode);
/* May a file become that long (RLIMIT_FSIZE)? 0, or -EFBIG and SIGXFSZ. */
int inode_check_size(uint64_t size_bytes);
/* Owner or root: chmod(2), utimensat(2). 0 or -EPERM. */
int inode_owner(struct inode *inode);
bool inode_in_group(uint32_t gid);
int inode_setattr(struct inode *inode, struct iattr *attr);

#endif
