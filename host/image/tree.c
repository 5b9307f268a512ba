/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file tree of an image; see tree.h. Children are found through one hash
 * table over (directory, name), so that large directories stay cheap.
 */
#include "host/image/tree.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/common/xalloc.h"

static size_t hash_of(const struct tree_node *dir, const char *name)
{
    uint64_t h = (uint64_t)(uintptr_t)dir * UINT64_C(0x9e3779b97f4a7c15);

    for (; *name; name++)
        h = (h ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
    return (size_t)(h ^ h >> 29);
}

static void hash_insert(struct tree *t, struct tree_node *node)
{
    size_t i = hash_of(node->parent, node->name) & (t->cap_hash - 1);

    node->next_hash = t->hash[i];
    t->hash[i] = node;
}

static void hash_grow(struct tree *t)
{
    struct tree_node **old = t->hash;
    size_t old_cap = t->cap_hash;

    t->cap_hash = old_cap ? old_cap * 2 : 1024;
    t->hash = xcalloc(t->cap_hash, sizeof(struct tree_node *));
    for (size_t i = 0; i < old_cap; i++) {
        for (struct tree_node *n = old[i], *next; n; n = next) {
            next = n->next_hash;
            hash_insert(t, n);
        }
    }
    free(old);
}

static struct tree_inode *inode_new(mode_t mode)
{
    struct tree_inode *inode = xcalloc(1, sizeof(*inode));

    inode->mode = mode;
    return inode;
}

struct tree *tree_new(void)
{
    struct tree *t = xcalloc(1, sizeof(*t));

    t->root = xcalloc(1, sizeof(*t->root));
    t->root->name = xstrdup("");
    t->root->parent = t->root;
    t->root->inode = inode_new(S_IFDIR | 0755);
    t->root->inode->nlink = 2;
    t->nr_nodes = 1;
    hash_grow(t);
    return t;
}

static void node_free(struct tree_node *node)
{
    for (size_t i = 0; i < node->nr_children; i++)
        node_free(node->children[i]);
    if (S_ISDIR(node->inode->mode) || --node->inode->nlink == 0) {
        free(node->inode->target);
        free(node->inode->source);
        free(node->inode);
    }
    free(node->children);
    free(node->name);
    free(node);
}

void tree_free(struct tree *t)
{
    node_free(t->root);
    free(t->hash);
    free(t);
}

struct tree_node *tree_child(const struct tree *t, const struct tree_node *dir,
                             const char *name)
{
    struct tree_node *n = t->hash[hash_of(dir, name) & (t->cap_hash - 1)];

    while (n && (n->parent != dir || strcmp(n->name, name) != 0))
        n = n->next_hash;
    return n;
}

struct tree_node *tree_link(struct tree *t, struct tree_node *dir,
                            const char *name, struct tree_inode *inode)
{
    struct tree_node *node = xcalloc(1, sizeof(*node));

    node->name = xstrdup(name);
    node->parent = dir;
    node->inode = inode;
    inode->nlink++;
    dir->children = xgrow(dir->children, dir->nr_children, &dir->cap_children,
                          sizeof(struct tree_node *));
    node->index = dir->nr_children;
    dir->children[dir->nr_children++] = node;
    if (t->nr_nodes++ >= t->cap_hash)
        hash_grow(t);
    hash_insert(t, node);
    return node;
}

struct tree_node *tree_add(struct tree *t, struct tree_node *dir,
                           const char *name, mode_t mode)
{
    struct tree_node *node = tree_link(t, dir, name, inode_new(mode));

    if (S_ISDIR(mode)) {
        node->inode->nlink = 2;
        dir->inode->nlink++;
    }
    return node;
}

static void hash_remove(struct tree *t, struct tree_node *node)
{
    struct tree_node **p =
        &t->hash[hash_of(node->parent, node->name) & (t->cap_hash - 1)];

    for (size_t i = 0; i < node->nr_children; i++)
        hash_remove(t, node->children[i]);
    while (*p != node)
        p = &(*p)->next_hash;
    *p = node->next_hash;
    t->nr_nodes--;
}

void tree_remove(struct tree *t, struct tree_node *node)
{
    struct tree_node *dir = node->parent;
    struct tree_node *last = dir->children[--dir->nr_children];

    dir->children[node->index] = last;
    last->index = node->index;
    if (S_ISDIR(node->inode->mode))
        dir->inode->nlink--;
    hash_remove(t, node);
    node_free(node);
}

/* Copies the next component of *path to name and moves on; false at the end. */
static bool next_component(const char **path, char name[256])
{
    const char *p = *path + strspn(*path, "/");
    size_t len = strcspn(p, "/");

    if (len == 0 || len > 255)
        return false;
    memcpy(name, p, len);
    name[len] = '\0';
    *path = p + len;
    return true;
}

struct tree_node *tree_find(const struct tree *t, const char *path)
{
    struct tree_node *node = t->root;
    char name[256];

    while (node && next_component(&path, name))
        node = tree_child(t, node, name);
    return node;
}

struct tree_node *tree_mkdir(struct tree *t, const char *path, mode_t mode)
{
    struct tree_node *node = t->root;
    char name[256];

    while (next_component(&path, name)) {
        struct tree_node *child = tree_child(t, node, name);

        if (!child)
            child = tree_add(t, node, name,
                             S_IFDIR | (*path ? (mode_t)0755 : mode));
        if (!S_ISDIR(child->inode->mode))
            return NULL;
        node = child;
    }
    return node;
}

static int by_name(const void *a, const void *b)
{
    const struct tree_node *const *x = a, *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

static void sort_dir(struct tree_node *dir)
{
    if (dir->nr_children == 0)
        return;
    qsort(dir->children, dir->nr_children, sizeof(struct tree_node *), by_name);
    for (size_t i = 0; i < dir->nr_children; i++) {
        dir->children[i]->index = i;
        sort_dir(dir->children[i]);
    }
}

void tree_sort(struct tree *t)
{
    sort_dir(t->root);
}

char *tree_path(const struct tree_node *node)
{
    char *parent, *path;

    if (node->parent == node)
        return xstrdup("/");
    parent = tree_path(node->parent);
    path = xasprintf("%s/%s", strcmp(parent, "/") ? parent : "", node->name);
    free(parent);
    return path;
}
