/* SPDX-License-Identifier: BSD-2-Clause */
/* From an EROFS image to a tree: see erofs_tree.h. */
#include "host/image/erofs_tree.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "host/common/erofs_format.h"
#include "host/common/xalloc.h"

enum { MAX_DEPTH = 1000 };

struct reader {
    const struct erofs_image *image;
    const char *path;
    struct tree *tree;
    struct tree_inode **known; /* files with several names, by slot */
    size_t nr_known;
};

static void set_inode(struct reader *r, struct tree_inode *inode,
                      const struct erofs_node *n)
{
    inode->mode = n->mode;
    inode->uid = n->uid;
    inode->gid = n->gid;
    inode->mtime_s = (int64_t)n->mtime_s;
    inode->mtime_ns = n->mtime_ns;
    if (S_ISREG(n->mode)) {
        inode->source = xstrdup(r->path);
        inode->source_off = (uint64_t)(n->data - r->image->bytes);
        inode->len_bytes = n->len_bytes;
    } else if (S_ISLNK(n->mode)) {
        inode->target = xstrndup((const char *)n->data, n->len_bytes);
        inode->len_bytes = strlen(inode->target);
    } else if (!S_ISDIR(n->mode)) {
        inode->rdev = makedev(n->rdev >> 8 & 0xfff,
                              (n->rdev & 0xff) | (n->rdev >> 12 & 0xfff00));
    }
}

static struct tree_node *add(struct reader *r, struct tree_node *dir,
                             const char *name, const struct erofs_node *n)
{
    size_t slot = n->nid / (sizeof(struct erofs_inode) / EROFS_SLOT);
    struct tree_node *node;

    if (slot < r->nr_known && r->known[slot])
        return tree_link(r->tree, dir, name, r->known[slot]);
    node = tree_add(r->tree, dir, name, n->mode);
    set_inode(r, node->inode, n);
    if (!S_ISDIR(n->mode) && n->nlink > 1 && slot < r->nr_known)
        r->known[slot] = node->inode;
    return node;
}

static bool read_dir(struct reader *r, struct tree_node *node,
                     const struct erofs_node *dir, int depth)
{
    uint64_t at = 0, nid;
    const char *entry;
    size_t len;

    while (erofs_entry(dir, &at, &entry, &len, &nid)) {
        struct erofs_node n;
        struct tree_node *child;
        char name[256];

        if (len == 0 || len > 255 || !erofs_get(r->image, nid, &n))
            return false;
        memcpy(name, entry, len);
        name[len] = '\0';
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        child = add(r, node, name, &n);
        if (S_ISDIR(n.mode) &&
            (depth == MAX_DEPTH || !read_dir(r, child, &n, depth + 1)))
            return false;
    }
    return true;
}

struct tree *erofs_tree(const struct erofs_image *e, const char *path,
                        struct err *err)
{
    struct reader r = {.image = e, .path = path, .tree = tree_new()};
    struct erofs_node root;
    bool whole;

    r.nr_known = e->len_bytes / sizeof(struct erofs_inode);
    if (r.nr_known > UINT64_C(8) << 20)
        r.nr_known = UINT64_C(8) << 20;
    r.known = xcalloc(r.nr_known, sizeof(*r.known));
    whole = erofs_get(e, e->root_nid, &root);
    if (whole) {
        set_inode(&r, r.tree->root->inode, &root);
        whole = read_dir(&r, r.tree->root, &root, 0);
    }
    free(r.known);
    if (whole)
        return r.tree;
    err_set(err, ERR_TOOL, "image %s is damaged: remove it", path);
    tree_free(r.tree);
    return NULL;
}
