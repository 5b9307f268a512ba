/* SPDX-License-Identifier: BSD-2-Clause */
/* Walking paths inside a tree: see layer_path.h. */
#include "host/oci/layer_path.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Everything that walks trees recurses, and Linux has no longer paths. */
enum { MAX_LINKS = 40, MAX_DEPTH = 400 };

struct walk {
    struct tree *tree;
    struct tree_node *at;
    char rest[PATH_MAX]; /* still to go */
    int nr_links;
    const char *why;
};

/* Takes the next component off; 0 at the end, -1 if it is too long. */
static int take(struct walk *w, char name[256])
{
    size_t skip, len;

    do {
        skip = strspn(w->rest, "/");
        len = strcspn(w->rest + skip, "/");
        if (len > 255) {
            w->why = "a name in it is longer than 255 bytes";
            return -1;
        }
        memcpy(name, w->rest + skip, len);
        name[len] = '\0';
        memmove(w->rest, w->rest + skip + len,
                strlen(w->rest + skip + len) + 1);
    } while (strcmp(name, ".") == 0);
    return len > 0;
}

static bool is_last(const struct walk *w)
{
    const char *p = w->rest;

    for (;;) {
        p += strspn(p, "/");
        if (p[0] != '.' || (p[1] != '/' && p[1] != '\0'))
            return *p == '\0';
        p++;
    }
}

static bool too_deep(const struct tree_node *node)
{
    int depth = 0;

    for (; node->parent != node; node = node->parent)
        depth++;
    return depth > MAX_DEPTH;
}

static int follow(struct walk *w, const char *target)
{
    char rest[PATH_MAX];
    int n = snprintf(rest, sizeof(rest), "%s/%s", target, w->rest);

    w->why = "too many or too long symbolic links";
    if (n >= PATH_MAX || ++w->nr_links > MAX_LINKS)
        return -1;
    memcpy(w->rest, rest, (size_t)n + 1);
    if (target[0] == '/')
        w->at = w->tree->root;
    return 0;
}

static int enter(struct walk *w, const char *name, uint32_t layer)
{
    struct tree_node *child = tree_child(w->tree, w->at, name);

    if (strcmp(name, "..") == 0) { /* from a link */
        w->at = w->at->parent;
        return 0;
    }
    if (child && S_ISLNK(child->inode->mode))
        return follow(w, child->inode->target);
    w->why = "a file is where a directory should be";
    if (child && !S_ISDIR(child->inode->mode))
        return -1;
    w->why = "too deep";
    if (!child) {
        if (too_deep(w->at))
            return -1;
        child = tree_add(w->tree, w->at, name, S_IFDIR | 0755);
        child->layer = layer;
    }
    w->at = child;
    return 0;
}

static bool climbs(const char *path)
{
    for (; *path; path += strcspn(path, "/")) {
        path += strspn(path, "/");
        if (strncmp(path, "..", 2) == 0 && (path[2] == '/' || !path[2]))
            return true;
    }
    return false;
}

static struct tree_node *walk(struct walk *w, uint32_t layer, char leaf[256])
{
    int more;

    while ((more = take(w, leaf)) > 0) {
        if (is_last(w) && strcmp(leaf, "..") != 0)
            return too_deep(w->at) ? NULL : w->at;
        if (enter(w, leaf, layer) < 0)
            return NULL;
        leaf[0] = '\0';
    }
    return more < 0 ? NULL : w->at;
}

struct tree_node *layer_path_walk(struct tree *t, const char *path,
                                  uint32_t layer, char leaf[256],
                                  const char **why)
{
    struct walk w = {.tree = t, .at = t->root, .why = "too deep"};
    struct tree_node *dir = NULL;

    if (climbs(path))
        w.why = "leads out of the image";
    else if (strlen(path) >= PATH_MAX)
        w.why = "too long";
    else {
        strcpy(w.rest, path);
        dir = walk(&w, layer, leaf);
    }
    *why = w.why;
    return dir;
}
