/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EROFS directories: blocks of sorted entries, each block with its fixed-size
 * records first and their names behind.
 */
#include <linux/errno.h>

#include "kernel/fs/erofs/erofs.h"
#include "kernel/fs/erofs/format.h"
#include "lib/string.h"

#ifndef EUCLEAN
#define EUCLEAN 117
#endif

struct dir_block {
    const uint8_t *p;
    uint32_t len;
    uint32_t nr;
};

static int get_block(const struct erofs *fs, const struct erofs_node *dir,
                     uint64_t index, struct dir_block *b)
{
    uint64_t len = UINT64_C(1) << fs->block_bits;
    struct erofs_dirent_disk first;

    b->p = erofs_data(fs, dir, index << fs->block_bits, &len);
    if (!b->p || len < sizeof(first))
        return -EUCLEAN;
    b->len = (uint32_t)len;
    memcpy(&first, b->p, sizeof(first));
    b->nr = first.name_off / sizeof(first);
    if (!b->nr || first.name_off % sizeof(first) || first.name_off > b->len)
        return -EUCLEAN;
    return 0;
}

static int get_entry(const struct dir_block *b, uint32_t i,
                     struct erofs_dirent *out)
{
    struct erofs_dirent_disk d, next;
    uint32_t end = b->len;

    memcpy(&d, b->p + i * sizeof(d), sizeof(d));
    if (i + 1 < b->nr) {
        memcpy(&next, b->p + (i + 1) * sizeof(d), sizeof(next));
        end = next.name_off;
    }
    if (d.name_off >= end || end > b->len)
        return -EUCLEAN;
    out->name = (const char *)b->p + d.name_off;
    out->name_len = end - d.name_off;
    if (i + 1 == b->nr) /* the last one may be padded with zeros */
        out->name_len = strnlen(out->name, out->name_len);
    if (!out->name_len || out->name_len > 255)
        return -EUCLEAN;
    out->nid = d.nid;
    out->type = d.type;
    return 0;
}

static int compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int c = memcmp(a, b, a_len < b_len ? a_len : b_len);

    return c ? c : (a_len > b_len) - (a_len < b_len);
}

static uint64_t nr_blocks(const struct erofs *fs, const struct erofs_node *dir)
{
    return (dir->size_bytes + (UINT64_C(1) << fs->block_bits) - 1) >>
           fs->block_bits;
}

/* The last block whose first name is not behind the one sought. */
static int find_block(const struct erofs *fs, const struct erofs_node *dir,
                      const char *name, size_t len, struct dir_block *out)
{
    uint64_t low = 0, high = nr_blocks(fs, dir);
    bool found = false;

    while (low < high) {
        uint64_t mid = low + (high - low) / 2;
        struct dir_block b;
        struct erofs_dirent e;
        int err = get_block(fs, dir, mid, &b);

        if (!err)
            err = get_entry(&b, 0, &e);
        if (err)
            return err;
        if (compare(name, len, e.name, e.name_len) < 0) {
            high = mid;
            continue;
        }
        *out = b;
        found = true;
        low = mid + 1;
    }
    return found ? 0 : -ENOENT;
}

int erofs_lookup(const struct erofs *fs, const struct erofs_node *dir,
                 const char *name, size_t len, uint64_t *nid)
{
    struct dir_block b;
    uint32_t low = 0, high;
    int err = find_block(fs, dir, name, len, &b);

    if (err)
        return err;
    high = b.nr;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        struct erofs_dirent e;
        int c;

        err = get_entry(&b, mid, &e);
        if (err)
            return err;
        c = compare(name, len, e.name, e.name_len);
        if (c == 0) {
            *nid = e.nid;
            return 0;
        }
        if (c < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return -ENOENT;
}

/* On disk the types are numbered 1 to 7 (FT_REG_FILE ...). */
static uint8_t to_dt(uint8_t type)
{
    static const uint8_t dt[] = {0, 8, 4, 2, 6, 1, 12, 10};

    return type < sizeof(dt) ? dt[type] : 0;
}

/* pos: block number in the upper half, entry in the lower 16 bits. */
int erofs_readdir(const struct erofs *fs, const struct erofs_node *dir,
                  uint64_t *pos, struct erofs_dirent *out)
{
    uint64_t block = *pos >> 16;
    uint32_t i = *pos & 0xffff;
    struct dir_block b;
    int err;

    for (;;) {
        if (block >= nr_blocks(fs, dir))
            return 0;
        err = get_block(fs, dir, block, &b);
        if (err)
            return err;
        if (i < b.nr)
            break;
        block++;
        i = 0;
    }
    err = get_entry(&b, i, out);
    if (err)
        return err;
    out->type = to_dt(out->type);
    *pos = block << 16 | (i + 1);
    return 1;
}
