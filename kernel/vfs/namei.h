/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From paths to names and files: path_resolution(7), and the operations on
 * names. Paths are kernel strings; dirfd as in openat(2).
 */
#ifndef EINKORN_KERNEL_VFS_NAMEI_H
#define EINKORN_KERNEL_VFS_NAMEI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/vfs/dentry.h"

struct file;

enum {
    LOOKUP_FOLLOW = 1,    /* a symbolic link at the end too */
    LOOKUP_DIRECTORY = 2, /* else -ENOTDIR */
    LOOKUP_EMPTY = 4,     /* AT_EMPTY_PATH */
    LOOKUP_BENEATH = 8,   /* openat2(2) RESOLVE_* */
    LOOKUP_IN_ROOT = 16,
    LOOKUP_NO_SYMLINKS = 32,
    LOOKUP_NO_MAGIC = 64,
    LOOKUP_NO_XDEV = 128,
};

enum { SYMLINKS_MAX = 40 };

/* Positive entry, a new reference. 0 or -errno. */
int path_lookup(int dirfd, const char *path, uint32_t flags,
                struct dentry **out);

/* All but the last component, for who creates or removes names. */
struct path_last {
    struct dentry *parent; /* a directory, referenced */
    char name[DENTRY_NAME_MAX + 1];
    size_t name_len;
    bool must_be_dir; /* trailing slash */
    bool special;     /* ".", ".." or the root: names nothing to change */
};
int path_parent(int dirfd, const char *path, struct path_last *last);

/* As openat(2); mode without umask applied. New file, one reference. */
int vfs_open(int dirfd, const char *path, uint32_t flags, uint32_t mode,
             uint32_t lookup_flags, struct file **out);
/* Opens an object that has been found. */
int vfs_open_dentry(struct dentry *d, uint32_t flags, struct file **out);

/* mknod(2), mkdir(2): mode with S_IFMT; umask is applied. */
int vfs_create(int dirfd, const char *path, uint32_t mode, uint64_t rdev);
/* Makes the directories above an absolute path as far as they are missing. The
 * path is written to meanwhile. What fails shows when the path is used. */
void vfs_make_parents(char *path);
/* The same as vfs_create, giving the new entry to the caller (bind of unix
 * sockets). */
int vfs_create_dentry(int dirfd, const char *path, uint32_t mode, uint64_t rdev,
                      struct dentry **out);
int vfs_symlink(const char *target, int dirfd, const char *path);
int vfs_link(struct dentry *d, int dirfd, const char *path);
int vfs_unlink(int dirfd, const char *path, bool directory);
int vfs_rename(int old_dirfd, const char *old_path, int new_dirfd,
               const char *new_path, uint32_t flags);
int vfs_readlink(struct dentry *d, char *buf, size_t size_bytes);

/* Working directory and root of the process; never NULL after vfs_init. */
struct dentry *vfs_cwd(void);
struct dentry *vfs_root(void);
void vfs_set_cwd(struct dentry *d); /* takes its own reference */
void vfs_set_root(struct dentry *d);

#endif
