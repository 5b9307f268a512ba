/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The EROFS writer. Layout: super block; from block 1 on all inodes, each with
 * what it holds right behind it if that is a small directory or a link's
 * target; larger directories; file data, programs first. So what a start
 * touches lies together at the front. All but the file data is put together in
 * memory; that is copied inside the host's kernel.
 */
#include "host/image/erofs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/common/erofs_format.h"
#include "host/common/xalloc.h"
#include "host/image/copy.h"

struct writer {
    struct tree *tree;
    int fd;
    uint64_t end;             /* next free offset, on a block */
    struct tree_node **nodes; /* first name of each inode, by number */
    size_t nr_inodes, cap_nodes;
    uint8_t *meta; /* everything before the file data */
};

static uint64_t round_block(uint64_t len)
{
    return (len + EROFS_BLOCK - 1) & ~(uint64_t)(EROFS_BLOCK - 1);
}

static uint8_t type_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return EROFS_FT_DIR;
    case S_IFCHR:
        return EROFS_FT_CHR;
    case S_IFBLK:
        return EROFS_FT_BLK;
    case S_IFIFO:
        return EROFS_FT_FIFO;
    case S_IFSOCK:
        return EROFS_FT_SOCK;
    case S_IFLNK:
        return EROFS_FT_SYMLINK;
    default:
        return EROFS_FT_REG;
    }
}

/* ---- numbering: depth first, so that a directory's files lie together -- */

static void number_inodes(struct writer *w, struct tree_node *node)
{
    struct tree_inode *inode = node->inode;
    bool is_new = inode->number == UINT32_MAX;

    if (is_new) {
        inode->number = (uint32_t)w->nr_inodes;
        w->nodes = xgrow(w->nodes, w->nr_inodes, &w->cap_nodes,
                         sizeof(struct tree_node *));
        w->nodes[w->nr_inodes++] = node;
    }
    for (size_t i = 0; i < node->nr_children; i++)
        number_inodes(w, node->children[i]);
}

static void unnumber(struct tree_node *node)
{
    node->inode->number = UINT32_MAX;
    for (size_t i = 0; i < node->nr_children; i++)
        unnumber(node->children[i]);
}

/* ---- directories -------------------------------------------------------- */

struct entry {
    const char *name;
    const struct tree_inode *inode;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name,
                  ((const struct entry *)b)->name);
}

/* All entries of a directory in the order of the format: "." and ".." have
 * no special place in it. */
static struct entry *list_entries(const struct tree_node *dir, size_t *nr)
{
    struct entry *list = xcalloc(dir->nr_children + 2, sizeof(*list));

    list[0] = (struct entry){".", dir->inode};
    list[1] = (struct entry){"..", dir->parent->inode};
    for (size_t i = 0; i < dir->nr_children; i++)
        list[i + 2] =
            (struct entry){dir->children[i]->name, dir->children[i]->inode};
    *nr = dir->nr_children + 2;
    qsort(list, *nr, sizeof(*list), by_name);
    return list;
}

/* How many entries from list[0] on fit into one block, and their bytes. */
static size_t fill_block(const struct entry *list, size_t nr, size_t *used)
{
    size_t count = 0;

    *used = 0;
    while (count < nr) {
        size_t more = sizeof(struct erofs_dirent) + strlen(list[count].name);

        if (*used + more > EROFS_BLOCK)
            break;
        *used += more;
        count++;
    }
    return count;
}

static void put_block(uint8_t *block, const struct entry *list, size_t count)
{
    size_t name_off = count * sizeof(struct erofs_dirent);

    for (size_t i = 0; i < count; i++) {
        struct erofs_dirent d = {
            .nid = list[i].inode->nid,
            .nameoff = (uint16_t)name_off,
            .file_type = type_of(list[i].inode->mode),
        };
        size_t len = strlen(list[i].name);

        memcpy(block + i * sizeof(d), &d, sizeof(d));
        memcpy(block + name_off, list[i].name, len);
        name_off += len;
    }
}

/* Lays out one directory; writes it too if `to` is not NULL. */
static uint64_t put_dir(const struct tree_node *dir, uint8_t *to)
{
    size_t nr, used = 0, done = 0;
    struct entry *list = list_entries(dir, &nr);
    uint64_t len = 0;

    while (done < nr) {
        size_t count = fill_block(list + done, nr - done, &used);

        len = round_block(len);
        if (to)
            put_block(to + len, list + done, count);
        len += used;
        done += count;
    }
    free(list);
    return len;
}

/* ---- layout ------------------------------------------------------------- */

/* Files are never inline: their pages must be mappable. A tail must not cross
 * a block (Linux's Documentation/filesystems/erofs.rst, "inline"). */
static bool is_inline(const struct tree_inode *inode)
{
    return (S_ISDIR(inode->mode) || S_ISLNK(inode->mode)) &&
           inode->len_bytes <= EROFS_BLOCK - sizeof(struct erofs_inode);
}

static void place_inode(struct writer *w, struct tree_inode *inode)
{
    uint64_t len = sizeof(struct erofs_inode);

    if (is_inline(inode))
        len += inode->len_bytes;
    if (w->end % EROFS_BLOCK + len > EROFS_BLOCK)
        w->end = round_block(w->end);
    inode->nid = w->end / EROFS_SLOT;
    inode->image_off = w->end + sizeof(struct erofs_inode);
    w->end += (len + EROFS_SLOT - 1) & ~(uint64_t)(EROFS_SLOT - 1);
}

static void place_inodes(struct writer *w)
{
    w->end = EROFS_BLOCK;
    for (size_t i = 0; i < w->nr_inodes; i++) {
        struct tree_inode *inode = w->nodes[i]->inode;

        if (S_ISDIR(inode->mode))
            inode->len_bytes = put_dir(w->nodes[i], NULL);
        place_inode(w, inode);
    }
    w->end = round_block(w->end);
}

static void place_data(struct writer *w, struct tree_inode *inode)
{
    inode->image_off = inode->len_bytes ? w->end : 0;
    w->end += round_block(inode->len_bytes);
}

static void place_large(struct writer *w)
{
    for (size_t i = 0; i < w->nr_inodes; i++) {
        struct tree_inode *inode = w->nodes[i]->inode;

        if (!S_ISREG(inode->mode) && !is_inline(inode))
            place_data(w, inode);
    }
}

static void place_files(struct writer *w, bool programs)
{
    for (size_t i = 0; i < w->nr_inodes; i++) {
        struct tree_inode *inode = w->nodes[i]->inode;

        if (S_ISREG(inode->mode) && ((inode->mode & 0111) != 0) == programs)
            place_data(w, inode);
    }
}

/* Linux's new_encode_dev(): what a 32-bit device field holds. */
static uint32_t encode_dev(uint64_t rdev)
{
    uint32_t major = (uint32_t)(rdev >> 8 & 0xfff);
    uint32_t minor = (uint32_t)((rdev & 0xff) | (rdev >> 12 & 0xfff00));

    return (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

static uint32_t place_or_device(const struct tree_inode *inode)
{
    if (S_ISCHR(inode->mode) || S_ISBLK(inode->mode))
        return encode_dev(inode->rdev);
    if (is_inline(inode))
        return 0;
    return (uint32_t)(inode->image_off >> EROFS_BLOCK_BITS);
}

static void put_inode(struct writer *w, const struct tree_inode *inode)
{
    uint16_t layout = is_inline(inode) ? EROFS_FLAT_INLINE : EROFS_FLAT_PLAIN;
    struct erofs_inode di = {
        .i_format = EROFS_EXTENDED | layout,
        .i_mode = (uint16_t)inode->mode,
        .i_size = inode->len_bytes,
        .i_u = place_or_device(inode),
        .i_ino = inode->number + 1,
        .i_uid = inode->uid,
        .i_gid = inode->gid,
        .i_mtime = (uint64_t)inode->mtime_s,
        .i_mtime_nsec = inode->mtime_ns,
        .i_nlink = inode->nlink,
    };

    memcpy(w->meta + inode->nid * EROFS_SLOT, &di, sizeof(di));
}

static void put_super(struct writer *w)
{
    struct erofs_super sb = {
        .magic = (uint32_t)EROFS_SUPER_MAGIC,
        .blkszbits = EROFS_BLOCK_BITS,
        .root_nid = (uint16_t)w->tree->root->inode->nid,
        .inos = w->nr_inodes,
        .blocks = (uint32_t)(w->end >> EROFS_BLOCK_BITS),
    };

    memcpy(w->meta + EROFS_SUPER_OFFSET, &sb, sizeof(sb));
}

static void put_meta(struct writer *w)
{
    for (size_t i = 0; i < w->nr_inodes; i++) {
        const struct tree_inode *inode = w->nodes[i]->inode;

        put_inode(w, inode);
        if (S_ISDIR(inode->mode))
            put_dir(w->nodes[i], w->meta + inode->image_off);
        else if (S_ISLNK(inode->mode))
            memcpy(w->meta + inode->image_off, inode->target, inode->len_bytes);
    }
    put_super(w);
}

static int write_meta(struct writer *w, uint64_t len, struct err *err)
{
    uint64_t done = 0;

    while (done < len) {
        ssize_t n = pwrite(w->fd, w->meta + done, len - done, (off_t)done);

        if (n < 0)
            return err_set(err, ERR_TOOL, "write image: %m");
        done += (uint64_t)n;
    }
    return 0;
}

/* ---- file data ---------------------------------------------------------- */

static int copy_data(struct writer *w, struct err *err)
{
    for (size_t i = 0; i < w->nr_inodes; i++) {
        const struct tree_inode *inode = w->nodes[i]->inode;

        if (S_ISREG(inode->mode) && inode->len_bytes &&
            copy_content(inode, w->fd, err) < 0)
            return -1;
    }
    return 0;
}

int erofs_write(struct tree *t, int fd, uint64_t *len_bytes, struct err *err)
{
    struct writer w = {.tree = t, .fd = fd};
    uint64_t meta_len;
    int ret = -1;

    tree_sort(t);
    unnumber(t->root);
    number_inodes(&w, t->root);
    place_inodes(&w);
    place_large(&w);
    meta_len = w.end;
    place_files(&w, true);
    t->programs_end = w.end;
    place_files(&w, false);
    w.meta = xcalloc(1, meta_len);
    put_meta(&w);
    if (w.end >> EROFS_BLOCK_BITS > UINT32_MAX)
        err_set(err, ERR_TOOL, "the image would be larger than 16 TiB");
    else if (ftruncate(fd, (off_t)w.end) < 0)
        err_set(err, ERR_TOOL, "write image: %m");
    else if (write_meta(&w, meta_len, err) == 0)
        ret = copy_data(&w, err);
    *len_bytes = w.end;
    free(w.meta);
    free(w.nodes);
    return ret;
}
