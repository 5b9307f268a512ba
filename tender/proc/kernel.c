/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads the library OS: an ELF file linked for ABI_KERNEL_BASE, without
 * relocations. Its segments are mapped from the file, so that instances share
 * what they do not write.
 */
#include "abi/layout.h"
#include "lib/elf.h"
#include "lib/string.h"
#include "tender/common/say.h"
#include "tender/common/sys.h"
#include "tender/proc/launch.h"

#include <linux/fs.h>
#include <linux/mman.h>

#define PAGE_UP(x) (((x) + ABI_PAGE_SIZE - 1) & -ABI_PAGE_SIZE)
#define PAGE_DOWN(x) ((x) & -ABI_PAGE_SIZE)

extern char tender_begin[] __attribute__((visibility("hidden"))); /* proc.ld */

enum { MAX_PHDR = 16, HEADERS_MAX = 1024 };

_Static_assert(HEADERS_MAX >= sizeof(struct elf64_ehdr) +
                                  MAX_PHDR * sizeof(struct elf64_phdr),
               "headers");

struct elf {
    const char *name;
    int32_t fd;
    uint32_t nr;
    uint64_t entry;
    struct elf64_phdr ph[MAX_PHDR];
    struct elf_span span;
};

static void read_headers(struct elf *e)
{
    uint8_t page[HEADERS_MAX];
    struct elf64_ehdr eh;
    enum elf_reason reason;
    int64_t got = sys4(__NR_pread64, e->fd, page, sizeof(page), 0);
    int64_t len = sys3(__NR_lseek, e->fd, 0, SEEK_END);

    if (got < 0 || len < 0)
        die("read kernel %s: %s", e->name, errno_text(got < 0 ? got : len));
    reason = elf_check_header(page, (uint64_t)got);
    if (reason)
        die("kernel %s %s", e->name, elf_reason_text(reason));
    memcpy(&eh, page, sizeof(eh));
    if (eh.e_phnum > MAX_PHDR)
        die("kernel %s has more than %d program headers", e->name, MAX_PHDR);
    e->nr = eh.e_phnum;
    e->entry = eh.e_entry;
    memcpy(e->ph, page + eh.e_phoff, e->nr * sizeof(e->ph[0]));
    reason = elf_check_loads(e->ph, e->nr, (uint64_t)len, &e->span);
    if (reason)
        die("kernel %s %s", e->name, elf_reason_text(reason));
    if (e->span.lo != ABI_KERNEL_BASE || e->span.hi > (uint64_t)tender_begin)
        die("kernel %s is not linked for %llx to %llx", e->name,
            (unsigned long long)ABI_KERNEL_BASE,
            (unsigned long long)tender_begin);
}

static int is_load(const struct elf64_phdr *ph)
{
    return ph->p_type == ELF_PT_LOAD && ph->p_memsz;
}

/* Is [addr, addr + len) inside one segment that has these flags? */
static int inside(const struct elf *e, uint64_t addr, uint64_t len,
                  uint32_t flags)
{
    for (uint32_t i = 0; i < e->nr; i++) {
        const struct elf64_phdr *ph = &e->ph[i];

        if (is_load(ph) && (ph->p_flags & flags) == flags &&
            addr >= ph->p_vaddr && len <= ph->p_memsz &&
            addr - ph->p_vaddr <= ph->p_memsz - len)
            return 1;
    }
    return 0;
}

static void map_or_die(const struct elf *e, uint64_t addr, uint64_t len,
                       int prot, int flags, uint64_t off)
{
    int64_t ret = sys_mmap(addr, len, prot, flags | MAP_PRIVATE | MAP_FIXED,
                           flags & MAP_ANONYMOUS ? -1 : e->fd, off);

    if (ret != (int64_t)addr)
        die("map kernel %s: %s", e->name, errno_text(ret));
}

static void map_segment(const struct elf *e, const struct elf64_phdr *ph)
{
    uint64_t begin = PAGE_DOWN(ph->p_vaddr);
    uint64_t file_end = ph->p_vaddr + ph->p_filesz;
    uint64_t end = PAGE_UP(ph->p_vaddr + ph->p_memsz);
    int prot = (ph->p_flags & ELF_PF_R ? PROT_READ : 0) |
               (ph->p_flags & ELF_PF_W ? PROT_WRITE : 0) |
               (ph->p_flags & ELF_PF_X ? PROT_EXEC : 0);

    if ((prot & PROT_WRITE) && (prot & PROT_EXEC))
        die("kernel %s has a writable executable segment", e->name);
    if (ph->p_filesz)
        map_or_die(e, begin, PAGE_UP(file_end) - begin, prot, 0,
                   PAGE_DOWN(ph->p_offset));
    else
        file_end = begin;
    if (end > PAGE_UP(file_end))
        map_or_die(e, PAGE_UP(file_end), end - PAGE_UP(file_end), prot,
                   MAP_ANONYMOUS, 0);
    if ((prot & PROT_WRITE) && ph->p_filesz && ph->p_memsz > ph->p_filesz)
        memset((void *)file_end, 0, PAGE_UP(file_end) - file_end);
}

static void map_segments(const struct elf *e)
{
    uint64_t floor = 0;

    for (uint32_t i = 0; i < e->nr; i++) {
        if (e->ph[i].p_type == ELF_PT_DYNAMIC)
            die("kernel %s has a dynamic section (link it without)", e->name);
        if (!is_load(&e->ph[i]))
            continue;
        if (PAGE_DOWN(e->ph[i].p_vaddr) < floor)
            die("kernel %s has segments that share a page", e->name);
        map_segment(e, &e->ph[i]);
        floor = PAGE_UP(e->ph[i].p_vaddr + e->ph[i].p_memsz);
    }
}

uint64_t kernel_load(const char *file)
{
    struct elf e = {.name = file};

    e.fd = args_open("kernel", file);
    read_headers(&e);
    map_segments(&e);
    if (!inside(&e, e.entry, 1, ELF_PF_R | ELF_PF_X))
        die("kernel %s has its entry point outside its text", file);
    gate.boot.kernel.base = e.span.lo;
    gate.boot.kernel.len_bytes = e.span.hi - e.span.lo;
    sys1(__NR_close, e.fd);
    return e.entry;
}
