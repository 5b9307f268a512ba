/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Core files: what is dumped, and where it lies in the file. Memory goes out
 * first, each segment up to its last page that is not zero; pages of zeroes
 * in between stay holes. Then come the notes and the table of segments.
 */
#include "kernel/linux/core.h"

#include <asm/errno.h>
#include <linux/elf.h>
#include <linux/mman.h>
#include <linux/resource.h>

#include "kernel/core/alloc.h"
#include "kernel/core/config.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/vdso.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/thread.h"
#include "lib/string.h"

enum {
    EXTRA_SEGS = 2, /* the notes, the vDSO */
    CHUNK_PAGES = CORE_CHUNK / ABI_PAGE_SIZE,
};

/* Memory that is only there to be zero is looked at too: not for ever. */
static const uint64_t SCAN_MAX = UINT64_C(64) << 30;

struct core {
    Elf64_Phdr *segs;
    uint32_t nr_segs;
    uint64_t limit, end; /* of the file */
    uint64_t scan_left;
    uint8_t *buf;
    bool cut, failed;
};

static struct mm_info scratch;

bool core_wanted(void)
{
    return config_get("core", 0) != NULL;
}

void core_init(void)
{
    if (core_wanted() && config_get_u64("core", 0) >= platform.boot->nr_blk)
        panic("configuration: core=%s: there is no such block device",
              config_get("core", 0));
}

/* core(5), "Controlling which mappings are written": what was or could be
 * written by the program, and shared memory that has no file. */
static bool is_dumped(const struct mm_info *m)
{
    size_t len = strlen(m->name);

    if (m->no_dump)
        return false;
    if (!(m->flags & MAP_SHARED))
        return m->touched;
    return len > 9 && strcmp(m->name + len - 9, "(deleted)") == 0;
}

/* A debugger finds the file's build id in its first page. */
static bool is_elf_head(const struct mm_info *m)
{
    uint32_t magic;

    return m->off == 0 && m->name[0] == '/' && (m->prot & PROT_READ) &&
           copy_in(&magic, m->start) == 0 && memcmp(&magic, ELFMAG, 4) == 0;
}

static uint64_t bytes_to_dump(const struct mm_info *m)
{
    if (is_dumped(m))
        return m->filled - m->start;
    return is_elf_head(m) ? ABI_PAGE_SIZE : 0;
}

static bool is_zero(const uint8_t *page)
{
    const uint64_t *w = (const uint64_t *)page;

    for (uint32_t i = 0; i < ABI_PAGE_SIZE / sizeof(*w); i++)
        if (w[i])
            return false;
    return true;
}

/* Fetches pages of the program; those that cannot be read are zero. */
static void fetch(uint8_t *buf, uint64_t addr, uint32_t nr_pages)
{
    for (uint32_t i = 0; i < nr_pages; i++) {
        uint8_t *page = buf + i * ABI_PAGE_SIZE;

        if (copy_from_user(page, addr + i * ABI_PAGE_SIZE, ABI_PAGE_SIZE) < 0)
            memset(page, 0, ABI_PAGE_SIZE);
    }
}

/* Writes the runs of pages that are not zero; returns behind the last one, in
 * pages. */
static uint32_t put_runs(struct core *c, uint64_t off, uint32_t nr_pages)
{
    uint32_t last = 0;

    for (uint32_t i = 0, n; i < nr_pages; i += n + 1) {
        uint8_t *from = c->buf + i * ABI_PAGE_SIZE;

        for (n = 0; i + n < nr_pages && !is_zero(from + n * ABI_PAGE_SIZE); n++)
            ;
        if (!n)
            continue;
        c->failed |= core_put_pages(off + i * ABI_PAGE_SIZE, from,
                                    n * ABI_PAGE_SIZE) < 0;
        last = i + n;
    }
    return last;
}

/* How much of len may be looked at and written from here on. */
static uint64_t allowed(struct core *c, uint64_t len)
{
    uint64_t most = c->limit - c->end;

    most = most < c->scan_left ? most : c->scan_left;
    c->cut |= len > most;
    len = len < most ? len : most;
    c->scan_left -= len;
    return len;
}

static void put_memory(struct core *c, Elf64_Phdr *seg, uint64_t len)
{
    len = allowed(c, len);
    for (uint64_t at = 0; at < len && !c->failed; at += CORE_CHUNK) {
        uint64_t left = (len - at) / ABI_PAGE_SIZE;
        uint32_t nr = left < CHUNK_PAGES ? (uint32_t)left : CHUNK_PAGES, last;

        fetch(c->buf, seg->p_vaddr + at, nr);
        last = put_runs(c, c->end + at, nr);
        if (last)
            seg->p_filesz = at + last * ABI_PAGE_SIZE;
    }
    seg->p_offset = c->end;
    c->end += seg->p_filesz;
}

/* What the program closed to itself is opened again to be read. */
static void put_mapping(struct core *c, const struct mm_info *m)
{
    Elf64_Phdr *seg = &c->segs[c->nr_segs++];
    uint64_t len = bytes_to_dump(m);

    *seg = (Elf64_Phdr){.p_type = PT_LOAD,
                        .p_vaddr = m->start,
                        .p_memsz = m->end - m->start,
                        .p_flags = (m->prot & PROT_READ ? PF_R : 0) |
                                   (m->prot & PROT_WRITE ? PF_W : 0) |
                                   (m->prot & PROT_EXEC ? PF_X : 0),
                        .p_align = ABI_PAGE_SIZE};
    if (len && !(m->prot & PROT_READ))
        platform.ops.mem_protect(m->start, len, ABI_PROT_READ);
    put_memory(c, seg, len);
}

/* The vDSO stands in kernel text, where programs have it too. */
static void put_vdso(struct core *c)
{
    Elf64_Phdr *seg = &c->segs[c->nr_segs++];
    uint64_t len = (vdso_size() + ABI_PAGE_SIZE - 1) & -ABI_PAGE_SIZE;

    *seg = (Elf64_Phdr){.p_type = PT_LOAD,
                        .p_vaddr = vdso_map(),
                        .p_memsz = len,
                        .p_flags = PF_R | PF_X,
                        .p_offset = c->end,
                        .p_align = ABI_PAGE_SIZE};
    if (allowed(c, len) < len)
        return;
    memset(c->buf, 0, len);
    memcpy(c->buf, (const void *)seg->p_vaddr, vdso_size());
    c->failed |= core_put_pages(c->end, c->buf, len) < 0;
    seg->p_filesz = len;
    c->end += len;
}

static uint32_t count_mappings(void)
{
    uint32_t nr = 0;

    for (uint64_t addr = 0; mm_next(addr, &scratch); addr = scratch.end)
        nr++;
    return nr;
}

static void put_head(struct core *c, uint64_t notes_len,
                     const struct abi_frame *f, const struct siginfo_k *info)
{
    struct core_out o = {.buf = c->buf};
    Elf64_Ehdr e = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB,
                                EV_CURRENT, ELFOSABI_NONE},
                    .e_type = ET_CORE,
                    .e_machine = EM_X86_64,
                    .e_version = EV_CURRENT,
                    .e_phoff = sizeof(e),
                    .e_ehsize = sizeof(e),
                    .e_phentsize = sizeof(*c->segs),
                    .e_phnum = (uint16_t)c->nr_segs};

    c->segs[0] =
        (Elf64_Phdr){.p_type = PT_NOTE,
                     .p_offset = sizeof(e) + c->nr_segs * sizeof(*c->segs),
                     .p_filesz = notes_len,
                     .p_align = 4};
    core_put(&o, &e, sizeof(e));
    core_put(&o, c->segs, c->nr_segs * sizeof(*c->segs));
    core_notes(&o, f, info);
    core_flush(&o);
    c->failed |= o.failed;
}

static void dump(struct core *c, const struct abi_frame *f,
                 const struct siginfo_k *info)
{
    struct core_out measure = {.measure = true, .buf = c->buf};
    uint32_t nr_segs = count_mappings() + EXTRA_SEGS;
    uint64_t notes_len, head;

    core_notes(&measure, f, info);
    notes_len = measure.off + measure.used;
    head = sizeof(Elf64_Ehdr) + nr_segs * sizeof(*c->segs) + notes_len;
    c->end = (head + ABI_PAGE_SIZE - 1) & -ABI_PAGE_SIZE;
    c->failed = measure.failed;
    if (c->end > c->limit) {
        klog(LOG_ERROR,
             "no core file: its head alone needs %lu bytes, the limit is %lu",
             c->end, c->limit);
        return;
    }
    c->nr_segs = 1;
    put_vdso(c);
    for (uint64_t addr = 0; mm_next(addr, &scratch); addr = scratch.end)
        put_mapping(c, &scratch);
    put_head(c, notes_len, f, info);
    if (c->failed)
        klog(LOG_ERROR, "core file: writing it failed (is the disk full?)");
    else
        klog(LOG_ERROR, "core file: %lu bytes%s", c->end,
             c->cut ? ", cut at its limit" : "");
}

static uint64_t size_limit(void)
{
    uint64_t dev = platform.boot->blk[config_get_u64("core", 0)].len_bytes;
    uint64_t soft = process.limits[RLIMIT_CORE].soft;

    return (soft < dev ? soft : dev) & -ABI_PAGE_SIZE;
}

void core_write(const struct abi_frame *f, const struct siginfo_k *info)
{
    struct core c = {.scan_left = SCAN_MAX};
    uint64_t nr_pages;

    if (!core_wanted() || !process.dumpable || !(c.limit = size_limit()))
        return;
    nr_pages = ((count_mappings() + EXTRA_SEGS) * sizeof(*c.segs) +
                ABI_PAGE_SIZE - 1) /
               ABI_PAGE_SIZE;
    c.segs = page_alloc(nr_pages);
    c.buf = page_alloc(CHUNK_PAGES);
    if (c.segs && c.buf)
        dump(&c, f, info);
    else
        klog(LOG_ERROR, "no core file: the kernel's memory is used up");
}
