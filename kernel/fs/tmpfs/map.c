/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mappings of tmpfs files: pages of the image while the data is there, shared
 * pages afterwards.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "kernel/core/cpu.h"
#include "kernel/core/log.h"
#include "kernel/fs/tmpfs/tnode.h"
#include "kernel/mm/sidecar.h"
#include "kernel/vfs/mapped.h"

static struct tnode *of(struct backing *b)
{
    return container_of(b, struct tnode, backing);
}

static int map_lower(struct tnode *t, uint64_t off, uint64_t addr, size_t len,
                     int prot)
{
    if (prot & PROT_EXEC)
        return sidecar_map_exec(t->node.data_off, off, addr, len, prot);
    return (int)platform.ops.mem_map(addr, len, prot, ABI_SOURCE_IMAGE,
                                     t->node.data_off + off);
}

static int map_extents(struct tnode *t, uint64_t off, uint64_t addr, size_t len,
                       int prot, bool shared)
{
    uint64_t page = off / PAGE_BYTES, end = page + len / PAGE_BYTES;
    int err = data_ensure_mapped(t, page, end - page);

    for (uint32_t i = data_find(t, page); !err && page < end; i++) {
        struct extent *e = &t->extents[i];
        uint64_t skip = page - e->page;
        uint64_t nr = e->nr_pages - skip;

        nr = nr < end - page ? nr : end - page;
        err =
            (int)platform.ops.shm_map(addr, nr * PAGE_BYTES, prot,
                                      e->shm_off + skip * PAGE_BYTES, !shared);
        page += nr;
        addr += nr * PAGE_BYTES;
    }
    return err;
}

static int map(struct backing *b, uint64_t off, uint64_t addr, size_t len,
               int prot, bool shared)
{
    struct tnode *t = of(b);

    if (t->lower_data)
        return map_lower(t, off, addr, len, prot);
    return map_extents(t, off, addr, len, prot, shared);
}

static size_t tail(struct backing *b, uint64_t off, size_t len)
{
    struct tnode *t = of(b);

    return t->lower_data ? sidecar_tail(t->node.data_off, off, len) : 0;
}

static void release(struct backing *b)
{
    struct tnode *t = of(b);

    data_trim(t);
    mapped_release(&t->inode, &t->map_name);
}

static uint64_t size(struct backing *b)
{
    return of(b)->inode.size_bytes;
}

static int describe(struct backing *b, char *buf, size_t size_bytes,
                    uint64_t *ino)
{
    struct tnode *t = of(b);

    return mapped_describe(&t->inode, t->map_name, buf, size_bytes, ino);
}

static int punch(struct backing *b, uint64_t off, size_t len_bytes)
{
    return tmpfs_punch(of(b), off, off + len_bytes);
}

const struct backing_ops tmpfs_backing_ops = {
    .map = map,
    .tail = tail,
    .release = release,
    .size = size,
    .describe = describe,
    .punch = punch,
};

int tmpfs_mmap(struct file *f, struct backing **out, int prot, bool shared)
{
    struct tnode *t = tnode_of(f->inode);
    bool writable = (f->flags & O_ACCMODE) == O_RDWR;
    int err;

    if (shared && (prot & PROT_WRITE) &&
        (t->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)))
        return -EPERM;
    /* might be written through this mapping one day */
    if ((shared && writable) || t->text) {
        err = data_copy_up(t);
        if (err)
            return err;
    }
    if (t->lower_data && !erofs_mappable(&t->node)) {
        klog(LOG_ERROR,
             "inode %u: its data is not one run of pages in the "
             "image; rebuild the image",
             t->node.ino);
        return -ENODEV;
    }
    mapped_get(f, &t->backing, &t->map_name);
    t->backing.sealed = t->lower_data;
    *out = &t->backing;
    return 0;
}
