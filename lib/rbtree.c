/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Red-black trees. Mirror-image cases are one case with a direction: d is the
 * side (0 or 1) and !d the other one. Missing children count as black.
 */
#include "lib/rbtree.h"

static bool is_red(const struct rb_node *node)
{
    return node && node->red;
}

static void update(struct rb_tree *tree, struct rb_node *node)
{
    if (tree->update)
        tree->update(node);
}

void rb_changed(struct rb_tree *tree, struct rb_node *node)
{
    if (!tree->update)
        return;
    for (; node; node = node->parent)
        tree->update(node);
}

/* What hung at old's place becomes new (may be NULL). */
static void replace(struct rb_tree *tree, struct rb_node *old,
                    struct rb_node *new)
{
    struct rb_node *parent = old->parent;

    if (!parent)
        tree->root = new;
    else
        parent->child[old == parent->child[1]] = new;
    if (new)
        new->parent = parent;
}

/* x goes down to side d; its child on the other side takes its place. */
static void rotate(struct rb_tree *tree, struct rb_node *x, int d)
{
    struct rb_node *y = x->child[!d];

    x->child[!d] = y->child[d];
    if (y->child[d])
        y->child[d]->parent = x;
    replace(tree, x, y);
    y->child[d] = x;
    x->parent = y;
    update(tree, x);
    update(tree, y);
}

static void fix_insert(struct rb_tree *tree, struct rb_node *n)
{
    struct rb_node *p;

    while ((p = n->parent) && p->red) {
        struct rb_node *g = p->parent; /* exists: the root is black */
        int d = p == g->child[1];
        struct rb_node *uncle = g->child[!d];

        if (is_red(uncle)) {
            p->red = uncle->red = false;
            g->red = true;
            n = g;
            continue;
        }
        if (n == p->child[!d]) {
            rotate(tree, p, d);
            n = p;
            p = n->parent;
        }
        p->red = false;
        g->red = true;
        rotate(tree, g, !d);
    }
    tree->root->red = false;
}

void rb_insert(struct rb_tree *tree, struct rb_node *node, rb_less_fn *less)
{
    struct rb_node **link = &tree->root, *parent = NULL;

    while (*link) {
        parent = *link;
        link = &parent->child[!less(node, parent)];
    }
    *node = (struct rb_node){.parent = parent, .red = true};
    *link = node;
    rb_changed(tree, node);
    fix_insert(tree, node);
}

/* The subtree x below xp (x may be NULL) is one black node short. */
static void fix_erase(struct rb_tree *tree, struct rb_node *x,
                      struct rb_node *xp)
{
    while (x != tree->root && !is_red(x)) {
        int d = x == xp->child[1];
        struct rb_node *w = xp->child[!d]; /* exists: it has black height */

        if (w->red) {
            w->red = false;
            xp->red = true;
            rotate(tree, xp, d);
            w = xp->child[!d];
        }
        if (!is_red(w->child[0]) && !is_red(w->child[1])) {
            w->red = true;
            x = xp;
            xp = x->parent;
            continue;
        }
        if (!is_red(w->child[!d])) {
            w->child[d]->red = false;
            w->red = true;
            rotate(tree, w, !d);
            w = xp->child[!d];
        }
        w->red = xp->red;
        xp->red = false;
        w->child[!d]->red = false;
        rotate(tree, xp, d);
        x = tree->root;
    }
    if (x)
        x->red = false;
}

/* y, the successor of z within its right subtree, takes z's place. */
static struct rb_node *splice(struct rb_tree *tree, struct rb_node *z,
                              struct rb_node *y)
{
    struct rb_node *xp = y->parent;

    if (xp == z) {
        xp = y;
    } else {
        replace(tree, y, y->child[1]);
        y->child[1] = z->child[1];
        y->child[1]->parent = y;
    }
    replace(tree, z, y);
    y->child[0] = z->child[0];
    y->child[0]->parent = y;
    y->red = z->red;
    return xp;
}

void rb_erase(struct rb_tree *tree, struct rb_node *z)
{
    struct rb_node *x, *xp;
    bool removed_red = z->red;

    if (z->child[0] && z->child[1]) {
        struct rb_node *y = rb_next(z);

        removed_red = y->red;
        x = y->child[1];
        xp = splice(tree, z, y);
    } else {
        x = z->child[z->child[0] == NULL];
        xp = z->parent;
        replace(tree, z, x);
    }
    rb_changed(tree, xp);
    if (!removed_red)
        fix_erase(tree, x, xp);
}

static struct rb_node *outermost(struct rb_node *node, int d)
{
    while (node && node->child[d])
        node = node->child[d];
    return node;
}

struct rb_node *rb_first(const struct rb_tree *tree)
{
    return outermost(tree->root, 0);
}

struct rb_node *rb_last(const struct rb_tree *tree)
{
    return outermost(tree->root, 1);
}

static struct rb_node *step(const struct rb_node *node, int d)
{
    if (node->child[d])
        return outermost(node->child[d], !d);
    while (node->parent && node == node->parent->child[d])
        node = node->parent;
    return node->parent;
}

struct rb_node *rb_next(const struct rb_node *node)
{
    return step(node, 1);
}

struct rb_node *rb_prev(const struct rb_node *node)
{
    return step(node, 0);
}
