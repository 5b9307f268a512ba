/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file tree of an image while it is being put together: names, owners,
 * modes and where each file's bytes come from. Knows neither the host's file
 * system (scan.c) nor the image format (erofs.c).
 */
#ifndef EINKORN_HOST_IMAGE_TREE_H
#define EINKORN_HOST_IMAGE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tree_inode {
    mode_t mode;
    uint32_t uid, gid;
    uint64_t rdev; /* devices: Linux's dev_t */
    int64_t mtime_s;
    uint32_t mtime_ns;
    uint64_t len_bytes;  /* of file content or of the link's target */
    char *target;        /* symbolic link */
    char *source;        /* regular file: host path of its bytes */
    uint64_t source_off; /* where they begin in it */
    uint32_t nlink;
    /* Filled in by the image writer. */
    uint32_t number; /* from 0 in order of first appearance */
    uint64_t nid;    /* its place in the image, as the format counts */
    uint64_t image_off;
};

struct tree_node {
    char *name; /* "" for the root */
    struct tree_node *parent;
    struct tree_inode *inode; /* shared between hard links */
    struct tree_node *next_hash;
    struct tree_node **children; /* directories */
    size_t nr_children, cap_children;
    size_t index;   /* in the parent's children */
    uint32_t layer; /* of a container image: which one it came with */
};

struct tree {
    struct tree_node *root;
    struct tree_node **hash;
    size_t nr_nodes, cap_hash;
    uint64_t programs_end; /* filled in by the image writer: see erofs.h */
};

/* A tree with only its root, a directory of mode 0755 owned by root. */
struct tree *tree_new(void);
void tree_free(struct tree *t);

/* Find a child by name; NULL if there is none. */
struct tree_node *tree_child(const struct tree *t, const struct tree_node *dir,
                             const char *name);

/* Add a child, which must not exist yet, with a new inode of this mode. */
struct tree_node *tree_add(struct tree *t, struct tree_node *dir,
                           const char *name, mode_t mode);

/* Add a further name for an inode. */
struct tree_node *tree_link(struct tree *t, struct tree_node *dir,
                            const char *name, struct tree_inode *inode);

/* Take a node out of the tree, with all below it; not the root. */
void tree_remove(struct tree *t, struct tree_node *node);

/* Follow an absolute path, links excepted; NULL if something is missing. */
struct tree_node *tree_find(const struct tree *t, const char *path);

/* Make a directory and its parents unless something has that name already;
 * NULL if something other than a directory is in the way. */
struct tree_node *tree_mkdir(struct tree *t, const char *path, mode_t mode);

/* Sort all children by the bytes of their names. */
void tree_sort(struct tree *t);

/* The absolute path of a node; the caller frees it. */
char *tree_path(const struct tree_node *node);

#endif
