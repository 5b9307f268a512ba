/* SPDX-License-Identifier: BSD-2-Clause */
/* Applying one layer: see layer.h. Paths are walked in layer_path.c. */
#include "host/oci/layer.h"

#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/common/xalloc.h"
#include "host/oci/layer_path.h"
#include "host/oci/unpack.h"

enum { MAX_ENTRIES = 4000000 };

struct layer {
    struct tree *tree;
    uint32_t number;
    struct spool *spool;
    struct layer_notes *notes;
    struct unpack unpack;
    const char *where;
    struct err *err;
    size_t nr_entries;
};

static int refuse(struct layer *l, const char *path, const char *why)
{
    return err_set(l->err, ERR_TOOL, "%s: `%.300s`: %s", l->where, path, why);
}

static struct tree_node *walk(struct layer *l, const char *path, char leaf[256])
{
    const char *why;
    struct tree_node *dir =
        layer_path_walk(l->tree, path, l->number, leaf, &why);

    if (!dir)
        refuse(l, path, why);
    return dir;
}

/* ---- whiteouts ----------------------------------------------------------- */

/* Remove what came with lower layers; what this layer brought stays, in
 * whatever order it stands in the archive. */
static void prune(struct layer *l, struct tree_node *node)
{
    for (size_t i = node->nr_children; i > 0; i--)
        prune(l, node->children[i - 1]);
    if (node->layer != l->number && node->nr_children == 0)
        tree_remove(l->tree, node);
}

static int white_out(struct layer *l, struct tree_node *dir, const char *name,
                     const char *path)
{
    struct tree_node *node;

    if (strcmp(name, ".wh..opq") == 0) {
        for (size_t i = dir->nr_children; i > 0; i--)
            prune(l, dir->children[i - 1]);
        return 0;
    }
    if (strncmp(name, ".wh.", 4) == 0)
        return 0; /* aufs's own books */
    if (!name[0] || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return refuse(l, path, "a whiteout of nothing");
    node = tree_child(l->tree, dir, name);
    if (node)
        prune(l, node);
    return 0;
}

/* ---- kinds of entries ---------------------------------------------------- */

static int set_attributes(struct layer *l, struct tree_node *node,
                          struct archive_entry *entry, const char *path)
{
    struct tree_inode *inode = node->inode;
    la_int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);
    long ns = archive_entry_mtime_nsec(entry);

    if (uid < 0 || gid < 0 || uid >= UINT32_MAX || gid >= UINT32_MAX)
        return refuse(l, path, "owner or group is no number of Linux's");
    inode->mode = (inode->mode & S_IFMT) | (archive_entry_perm(entry) & 07777);
    inode->uid = (uint32_t)uid;
    inode->gid = (uint32_t)gid;
    inode->mtime_s = archive_entry_mtime(entry);
    inode->mtime_ns = ns >= 0 && ns < 1000000000 ? (uint32_t)ns : 0;
    node->layer = l->number;
    if (archive_entry_xattr_count(entry) > 0)
        l->notes->nr_xattrs++;
    return 0;
}

static int take_content(struct layer *l, struct tree_inode *inode,
                        struct archive_entry *entry, const char *path)
{
    la_int64_t size = archive_entry_size(entry), off;
    const void *data;
    size_t len;
    int ret;

    if (size < 0)
        return refuse(l, path, "has no size");
    inode->len_bytes = (uint64_t)size;
    inode->source = xstrdup(l->spool->file.path);
    if (spool_reserve(l->spool, inode->len_bytes, l->where, &inode->source_off,
                      l->err) < 0)
        return -1;
    while ((ret = archive_read_data_block(l->unpack.tar, &data, &len, &off)) ==
           ARCHIVE_OK) {
        if (off < 0 || off > size || len > (uint64_t)(size - off))
            return refuse(l, path, "is longer than stated");
        if (spool_write(l->spool, inode->source_off + (uint64_t)off, data, len,
                        l->err) < 0)
            return -1;
    }
    return ret == ARCHIVE_EOF ? 0 : unpack_error(&l->unpack, l->err);
}

static int fill(struct layer *l, struct tree_node *node,
                struct archive_entry *entry, const char *path)
{
    struct tree_inode *inode = node->inode;
    const char *target = archive_entry_symlink(entry);

    switch (inode->mode & S_IFMT) {
    case S_IFREG:
        return take_content(l, inode, entry, path);
    case S_IFLNK:
        if (!target || !target[0] || strlen(target) >= 4096)
            return refuse(l, path, "a symbolic link to nowhere");
        inode->target = xstrdup(target);
        inode->len_bytes = strlen(target);
        return 0;
    case S_IFCHR:
    case S_IFBLK:
        inode->rdev = archive_entry_rdev(entry);
        return 0;
    default:
        return 0;
    }
}

static int add_link(struct layer *l, struct tree_node *dir, const char *name,
                    const char *target, const char *path)
{
    struct tree_node *old = tree_child(l->tree, dir, name), *from;
    struct tree_inode *inode;
    char leaf[256];

    from = walk(l, target, leaf);
    if (!from)
        return -1;
    from = leaf[0] ? tree_child(l->tree, from, leaf) : NULL;
    if (!from || S_ISDIR(from->inode->mode))
        return refuse(l, path, "a hard link to what is no file in the image");
    from->layer = l->number;
    if (from == old)
        return 0;
    inode = from->inode;
    inode->nlink++; /* the old name may be what holds it */
    if (old)
        tree_remove(l->tree, old);
    tree_link(l->tree, dir, name, inode)->layer = l->number;
    inode->nlink--;
    return 0;
}

static bool is_known(mode_t type)
{
    return type == S_IFREG || type == S_IFDIR || type == S_IFLNK ||
           type == S_IFCHR || type == S_IFBLK || type == S_IFIFO;
}

static int add_node(struct layer *l, struct tree_node *dir, const char *name,
                    struct archive_entry *entry, const char *path)
{
    mode_t type = archive_entry_filetype(entry);
    struct tree_node *node = tree_child(l->tree, dir, name);

    if (!is_known(type))
        return refuse(l, path, "of a type that Linux does not have");
    if (node && !(type == S_IFDIR && S_ISDIR(node->inode->mode))) {
        tree_remove(l->tree, node);
        node = NULL;
    }
    if (!node)
        node = tree_add(l->tree, dir, name, type);
    if (set_attributes(l, node, entry, path) < 0)
        return -1;
    return fill(l, node, entry, path);
}

/* ---- the whole layer ----------------------------------------------------- */

static int take_entry(struct layer *l, struct archive_entry *entry)
{
    const char *path = archive_entry_pathname(entry);
    const char *link = archive_entry_hardlink(entry);
    struct tree_node *dir;
    char leaf[256];

    if (!path || ++l->nr_entries > MAX_ENTRIES)
        return err_set(l->err, ERR_TOOL,
                       path ? "%s: more than %d entries"
                            : "%s: an entry has no name (%d)",
                       l->where, MAX_ENTRIES);
    dir = walk(l, path, leaf);
    if (!dir)
        return -1;
    if (!leaf[0]) /* "./" */
        return archive_entry_filetype(entry) == S_IFDIR
                   ? set_attributes(l, dir, entry, path)
                   : refuse(l, path, "the root is a directory");
    if (strncmp(leaf, ".wh.", 4) == 0)
        return white_out(l, dir, leaf + 4, path);
    if (link)
        return add_link(l, dir, leaf, link, path);
    return add_node(l, dir, leaf, entry, path);
}

static int take_entries(struct layer *l)
{
    struct archive_entry *entry;
    int ret;

    while ((ret = archive_read_next_header(l->unpack.tar, &entry)) ==
               ARCHIVE_OK ||
           ret == ARCHIVE_WARN)
        if (take_entry(l, entry) < 0)
            return -1;
    if (ret != ARCHIVE_EOF)
        return unpack_error(&l->unpack, l->err);
    return unpack_verify(&l->unpack, l->err);
}

int layer_apply(struct tree *t, struct oci_store *s,
                const struct layer_ref *ref, uint32_t number,
                struct spool *spool, struct layer_notes *notes, struct err *err)
{
    char *where = xasprintf("%s: layer %u", s->where, number);
    struct layer l = {.tree = t,
                      .number = number,
                      .spool = spool,
                      .notes = notes,
                      .where = where,
                      .err = err};
    int ret = unpack_open(&l.unpack, s, ref, where, err);

    if (ret == 0) {
        ret = take_entries(&l);
        unpack_close(&l.unpack);
    }
    free(where);
    return ret;
}
