/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading our own EROFS images: see erofs_read.h. */
#include "host/common/erofs_read.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/common/erofs_format.h"

enum { MAX_LINKS = 40 };

int erofs_open(struct erofs_image *e, const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct erofs_super sb;
    struct stat st;
    void *map = MAP_FAILED;

    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > EROFS_BLOCK)
        map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    if (map == MAP_FAILED)
        return err_set(err, ERR_TOOL, "open image %s: %m", path);
    memcpy(&sb, (const char *)map + EROFS_SUPER_OFFSET, sizeof(sb));
    if (sb.magic != (uint32_t)EROFS_SUPER_MAGIC) {
        munmap(map, (size_t)st.st_size);
        return err_set(err, ERR_TOOL, "open image %s: no EROFS image", path);
    }
    e->bytes = map;
    e->len_bytes = (uint64_t)st.st_size;
    e->root_nid = sb.root_nid;
    return 0;
}

void erofs_close(struct erofs_image *e)
{
    munmap((void *)(uintptr_t)e->bytes, e->len_bytes);
}

static bool has_data(uint32_t mode)
{
    return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode);
}

/* Where the data begins. Inline is only what has no whole block. */
static uint64_t data_offset(const struct erofs_inode *di, uint64_t nid)
{
    if (di->i_format == (EROFS_EXTENDED | EROFS_FLAT_INLINE))
        return nid * EROFS_SLOT + sizeof(*di);
    return (uint64_t)di->i_u << EROFS_BLOCK_BITS;
}

static bool is_ours(const struct erofs_inode *di)
{
    if (di->i_format == (EROFS_EXTENDED | EROFS_FLAT_INLINE))
        return di->i_xattr_icount == 0 && di->i_size < EROFS_BLOCK;
    return di->i_format == (EROFS_EXTENDED | EROFS_FLAT_PLAIN);
}

bool erofs_get(const struct erofs_image *e, uint64_t nid,
               struct erofs_node *out)
{
    struct erofs_inode di;
    uint64_t off;

    errno = EIO;
    if (nid > e->len_bytes / EROFS_SLOT ||
        nid * EROFS_SLOT > e->len_bytes - sizeof(di))
        return false;
    memcpy(&di, e->bytes + nid * EROFS_SLOT, sizeof(di));
    if (!is_ours(&di))
        return false;
    *out = (struct erofs_node){.nid = nid,
                               .mode = di.i_mode,
                               .uid = di.i_uid,
                               .gid = di.i_gid,
                               .nlink = di.i_nlink,
                               .mtime_s = di.i_mtime,
                               .mtime_ns = di.i_mtime_nsec};
    if (!has_data(di.i_mode)) {
        out->rdev = di.i_u;
        return true;
    }
    off = data_offset(&di, nid);
    out->len_bytes = di.i_size;
    out->data = e->bytes + off;
    return off <= e->len_bytes && di.i_size <= e->len_bytes - off;
}

/* ---- directories --------------------------------------------------------- */

static void read_dirent(const uint8_t *block, uint64_t i,
                        struct erofs_dirent *out)
{
    memcpy(out, block + i * sizeof(*out), sizeof(*out));
}

/* *at is the block's number times the entries one can hold, plus the index. */
enum { PER_BLOCK = EROFS_BLOCK / sizeof(struct erofs_dirent) };

bool erofs_entry(const struct erofs_node *dir, uint64_t *at, const char **name,
                 size_t *name_len, uint64_t *nid)
{
    uint64_t start = *at / PER_BLOCK * EROFS_BLOCK, i = *at % PER_BLOCK;
    uint64_t room, count, end;
    struct erofs_dirent d;
    const uint8_t *block = dir->data + start;

    if (start >= dir->len_bytes)
        return false;
    room = dir->len_bytes - start;
    room = room < EROFS_BLOCK ? room : EROFS_BLOCK;
    if (room < sizeof(d))
        return false;
    read_dirent(block, 0, &d);
    count = d.nameoff / sizeof(d);
    if (count > room / sizeof(d) || i >= count)
        return false;
    end = room;
    if (i + 1 < count) {
        read_dirent(block, i + 1, &d);
        end = d.nameoff;
    }
    read_dirent(block, i, &d);
    if (d.nameoff > end || end > room)
        return false;
    *name = (const char *)block + d.nameoff;
    *name_len = strnlen(*name, end - d.nameoff);
    *nid = d.nid;
    *at = i + 1 < count ? *at + 1 : (*at / PER_BLOCK + 1) * PER_BLOCK;
    return true;
}

static bool find_child(const struct erofs_image *e,
                       const struct erofs_node *dir, const char *name,
                       size_t len, struct erofs_node *out)
{
    uint64_t at = 0, nid;
    const char *entry;
    size_t entry_len;

    while (erofs_entry(dir, &at, &entry, &entry_len, &nid))
        if (entry_len == len && memcmp(entry, name, len) == 0)
            return erofs_get(e, nid, out);
    errno = ENOENT;
    return false;
}

/* ---- paths --------------------------------------------------------------- */

/* rest becomes the link's target and what was behind it. */
static bool put_link(char rest[PATH_MAX], const struct erofs_node *link,
                     const char *behind)
{
    char joined[PATH_MAX];
    int n;

    errno = ENAMETOOLONG;
    if (link->len_bytes >= PATH_MAX)
        return false;
    n = snprintf(joined, sizeof(joined), "%.*s/%s", (int)link->len_bytes,
                 (const char *)link->data, behind);
    if (n >= PATH_MAX)
        return false;
    memcpy(rest, joined, (size_t)n + 1);
    return true;
}

bool erofs_walk(const struct erofs_image *e, const char *path,
                struct erofs_node *out)
{
    char buffer[PATH_MAX], *rest = buffer;
    struct erofs_node dir, child;
    int nr_links = 0;

    errno = ENAMETOOLONG;
    if (strlen(path) >= PATH_MAX || !erofs_get(e, e->root_nid, &dir))
        return false;
    strcpy(buffer, path);
    for (;;) {
        size_t len;

        rest += strspn(rest, "/");
        len = strcspn(rest, "/");
        if (len == 0)
            break;
        errno = ENOTDIR;
        if (!S_ISDIR(dir.mode) || !find_child(e, &dir, rest, len, &child))
            return false;
        rest += len;
        if (!S_ISLNK(child.mode)) {
            dir = child;
            continue;
        }
        errno = ELOOP;
        if (++nr_links > MAX_LINKS || !put_link(buffer, &child, rest))
            return false;
        rest = buffer;
        if (buffer[0] == '/' && !erofs_get(e, e->root_nid, &dir))
            return false;
    }
    *out = dir;
    return true;
}
