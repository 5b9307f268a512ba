/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole directory becomes the root of an image, exactly as it is: hard
 * links, devices, owners. What cannot be read is an error that names it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/common/xalloc.h"
#include "host/image/scan.h"
#include "host/image/scan_node.h"

struct known {
    dev_t dev;
    ino_t ino;
    struct tree_inode *inode;
};

struct rooted {
    struct scan *scan;
    size_t skip; /* of a host path, to make it relative to the root */
    dev_t dev;
    void *links; /* struct known, for files with several names */
    struct err *err;
};

static int by_identity(const void *a, const void *b)
{
    const struct known *x = a, *y = b;

    if (x->ino != y->ino)
        return x->ino < y->ino ? -1 : 1;
    return x->dev == y->dev ? 0 : x->dev < y->dev ? -1 : 1;
}

/* The entry of a file with several names; its inode is NULL the first time. */
static struct known *find_known(struct rooted *r, const struct stat *st)
{
    struct known *want = xcalloc(1, sizeof(*want));
    struct known **slot;

    want->dev = st->st_dev;
    want->ino = st->st_ino;
    slot = tsearch(want, &r->links, by_identity);
    if (*slot != want)
        free(want);
    return *slot;
}

static struct tree_node *add(struct rooted *r, struct tree_node *dir,
                             const char *name, const char *path,
                             const struct stat *st)
{
    struct tree *t = r->scan->tree;
    struct tree_node *node;
    struct known *known;

    if (S_ISDIR(st->st_mode) || st->st_nlink == 1)
        return scan_node_add(t, dir, name, path, st);
    known = find_known(r, st);
    if (known->inode)
        return tree_link(t, dir, name, known->inode);
    node = scan_node_add(t, dir, name, path, st);
    known->inode = node->inode;
    return node;
}

static int read_dir(struct rooted *r, struct tree_node *node, const char *path);

static int read_entry(struct rooted *r, struct tree_node *dir, const char *name,
                      const char *path)
{
    struct tree_node *node;
    struct stat st;

    if (lstat(path, &st) < 0)
        return err_set(r->err, ERR_TOOL, "read %s: %m", path);
    inputs_add(r->scan->inputs, path + r->skip, &st);
    node = add(r, dir, name, path, &st);
    if (S_ISREG(st.st_mode) && access(path, R_OK) < 0)
        return err_set(r->err, ERR_TOOL,
                       "read %s: %m (everything in the directory becomes "
                       "part of the image)",
                       path);
    if (S_ISDIR(st.st_mode) && st.st_dev == r->dev)
        return read_dir(r, node, path);
    return 0;
}

static int read_dir(struct rooted *r, struct tree_node *node, const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    int ret = 0;

    if (!dir)
        return err_set(r->err, ERR_TOOL, "read directory %s: %m", path);
    while (ret == 0 && (entry = readdir(dir))) {
        char *child;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        child = xasprintf("%s/%s", path, entry->d_name);
        ret = read_entry(r, node, entry->d_name, child);
        free(child);
    }
    closedir(dir);
    return ret;
}

int scan_root(struct scan *s, const char *dir, struct err *err)
{
    struct rooted r = {.scan = s, .skip = strlen(dir) + 1, .err = err};
    struct stat st;
    int ret;

    if (strcmp(dir, "/") == 0)
        r.skip = 2; /* children are then called "//name" */
    if (stat(dir, &st) < 0)
        return err_set(err, ERR_TOOL, "read directory %s: %m", dir);
    r.dev = st.st_dev;
    inputs_add(s->inputs, ".", &st);
    scan_node_attributes(s->tree->root->inode, &st);
    ret = read_dir(&r, s->tree->root, dir);
    tdestroy(r.links, free);
    return ret;
}
