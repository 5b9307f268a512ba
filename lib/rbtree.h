/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Red-black trees with the node inside the element (CLRS, chapter 13), with
 * optional augmentation: a value kept in each node about its whole subtree.
 * No allocation, no locks.
 */
#ifndef EINKORN_LIB_RBTREE_H
#define EINKORN_LIB_RBTREE_H

#include <stdbool.h>
#include <stddef.h>

struct rb_node {
    struct rb_node *parent;
    struct rb_node *child[2]; /* smaller, larger */
    bool red;
};

struct rb_tree {
    struct rb_node *root;
    /* Recompute what the node says about its subtree from its own data and
     * its children's; NULL: no augmentation. */
    void (*update)(struct rb_node *node);
};

typedef bool rb_less_fn(const struct rb_node *a, const struct rb_node *b);

/* Equal elements go behind those that are there. */
void rb_insert(struct rb_tree *tree, struct rb_node *node, rb_less_fn *less);
void rb_erase(struct rb_tree *tree, struct rb_node *node);
/* The node's own data changed (not its order): update it and its ancestors. */
void rb_changed(struct rb_tree *tree, struct rb_node *node);

/* In order; NULL at the end or for an empty tree. */
struct rb_node *rb_first(const struct rb_tree *tree);
struct rb_node *rb_last(const struct rb_tree *tree);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

#endif
