/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/PID/maps and smaps, from the address space's mappings.
 */
#include <linux/mman.h>

#include "kernel/core/alloc.h"
#include "kernel/fs/proc/tables.h"
#include "kernel/mm/mm.h"
#include "kernel/vfs/mount.h"

enum { NAME_COLUMN = 73 };

/* Device of a mapped file: the root's, which nearly all come from. */
static uint64_t dev_of(const struct mm_info *m)
{
    const struct super *root = list_first(mount_list(), struct super, node);

    return m->name[0] == '/' && root ? root->dev : 0;
}

static void put_line(struct seq *s, const struct mm_info *m)
{
    size_t start = s->len_bytes;
    uint64_t dev = dev_of(m);

    seq_printf(
        s, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", m->start, m->end,
        m->prot & PROT_READ ? 'r' : '-', m->prot & PROT_WRITE ? 'w' : '-',
        m->prot & PROT_EXEC ? 'x' : '-', m->flags & MAP_SHARED ? 's' : 'p',
        m->off, (unsigned)(dev >> 8 & 0xfff), (unsigned)(dev & 0xff), m->ino);
    if (m->name[0]) {
        while (!s->failed && s->len_bytes - start < NAME_COLUMN)
            seq_puts(s, " ");
        seq_puts(s, m->name);
    }
    seq_puts(s, "\n");
}

static void for_each(struct seq *s,
                     void (*fn)(struct seq *s, const struct mm_info *m))
{
    struct mm_info *m = kmalloc(sizeof(*m));
    uint64_t addr = 0;

    if (!m) {
        s->failed = true;
        return;
    }
    for (; mm_next(addr, m); addr = m->end)
        fn(s, m);
    if (mm_vdso(m))
        fn(s, m);
    kfree(m);
}

void proc_maps(struct seq *s, uint64_t arg)
{
    (void)arg;
    for_each(s, put_line);
}

/* The platform does demand paging unseen: what is accessible counts as
 * resident, which is an upper bound. */
static void put_smap(struct seq *s, const struct mm_info *m)
{
    uint64_t kib = (m->end - m->start) / 1024;
    uint64_t rss = m->prot ? kib : 0;
    bool own = m->prot & PROT_WRITE && !(m->flags & MAP_SHARED);

    put_line(s, m);
    seq_printf(s,
               "Size:           %8lu kB\nKernelPageSize:        4 kB\n"
               "MMUPageSize:           4 kB\nRss:            %8lu kB\n"
               "Pss:            %8lu kB\nShared_Clean:   %8lu kB\n"
               "Shared_Dirty:          0 kB\nPrivate_Clean:         0 kB\n"
               "Private_Dirty:  %8lu kB\nReferenced:     %8lu kB\n"
               "Anonymous:      %8lu kB\nLazyFree:              0 kB\n"
               "AnonHugePages:         0 kB\nShmemPmdMapped:        0 kB\n"
               "FilePmdMapped:         0 kB\nShared_Hugetlb:        0 kB\n"
               "Private_Hugetlb:       0 kB\nSwap:                  0 kB\n"
               "SwapPss:               0 kB\nLocked:                0 kB\n"
               "THPeligible:    0\nVmFlags:%s%s%s\n",
               kib, rss, rss, own ? 0 : rss, own ? rss : 0, rss,
               own && !m->ino ? rss : 0, m->prot & PROT_READ ? " rd" : "",
               m->prot & PROT_WRITE ? " wr" : "",
               m->prot & PROT_EXEC ? " ex" : "");
}

void proc_smaps(struct seq *s, uint64_t arg)
{
    (void)arg;
    for_each(s, put_smap);
}
