/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names: the tree of directory entries that is known right now, hashed by
 * parent and name. Memory file systems pin theirs: there the tree *is* the
 * directory; for others it is a cache. A file system appears only once in the
 * tree (no bind mounts), so a dentry alone tells a place.
 */
#ifndef EINKORN_KERNEL_VFS_DENTRY_H
#define EINKORN_KERNEL_VFS_DENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/vfs/inode.h"
#include "lib/list.h"

enum {
    DENTRY_HASHED = 1,
    DENTRY_PINNED = 2, /* the file system's own, not a cache entry */
    DENTRY_NAME_MAX = 255,
};

struct dentry {
    struct dentry *hash_next;
    struct dentry *parent;  /* referenced; a file system's root: itself */
    struct inode *inode;    /* referenced; NULL: there is no such name */
    struct dentry *mounted; /* root of the file system mounted here */
    struct super *super;
    struct list children; /* in order of pinning */
    struct list sibling;
    struct list lru; /* unused cache entries */
    uint64_t cookie; /* place in the directory of a pinned entry */
    const char *name;
    uint32_t hash;
    uint32_t refs;
    uint8_t flags;
    uint8_t name_len;
    char small_name[38];
};

void dentry_init(void);

/* A file system's root for inode (consumes the reference); NULL: no memory. */
struct dentry *dentry_root(struct super *super, struct inode *inode);
static inline void dentry_get(struct dentry *d)
{
    d->refs++;
}
void dentry_put(struct dentry *d);

/* What is known of parent/name: a new reference, or NULL. */
struct dentry *dentry_find(struct dentry *parent, const char *name,
                           size_t name_len);
/* The same, else asks the file system. The result may be negative. 0, -errno.
 */
int dentry_lookup(struct dentry *parent, const char *name, size_t name_len,
                  struct dentry **out);
/* A new negative entry, not hashed; NULL when out of memory. */
struct dentry *dentry_new(struct dentry *parent, const char *name,
                          size_t name_len);
/* A name without place, for anonymous objects ("memfd:x"). */
struct dentry *dentry_anonymous(struct inode *inode, const char *name);
/* The name now means inode (consumes the reference; NULL: nothing). */
void dentry_set(struct dentry *d, struct inode *inode);
void dentry_hash(struct dentry *d);
void dentry_unhash(struct dentry *d); /* deleted; unpins too */
void dentry_pin(struct dentry *d);
/* Forgets names in d that nobody uses: it is about to go. */
void dentry_prune(struct dentry *d);
/* Takes over another place and name. 0 or -ENOMEM (nothing changed). */
int dentry_move(struct dentry *d, struct dentry *parent, const char *name,
                size_t name_len);

bool dentry_is_below(const struct dentry *d, const struct dentry *ancestor);
/* Absolute path as seen from the process's root, " (deleted)" if it is.
 * Length without NUL, or -ENAMETOOLONG; -ENOENT if outside the root. */
int dentry_path(struct dentry *d, char *buf, size_t size_bytes);

#endif
