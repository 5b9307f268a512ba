/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps ELF programs and their loaders: System V ABI, "Program loading", as
 * Linux does it. The file stays mapped, nothing is copied.
 */
#include <asm/errno.h>
#include <linux/mman.h>

#include "abi/layout.h"
#include "kernel/core/alloc.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/exec.h"
#include "kernel/mm/mm.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/vfs.h"
#include "lib/string.h"

enum { PHDRS_MAX = 128 };

static uint64_t page_down(uint64_t addr)
{
    return addr & ~(ABI_PAGE_SIZE - 1);
}

static uint64_t page_up(uint64_t addr)
{
    return page_down(addr + ABI_PAGE_SIZE - 1);
}

/* len bytes at off, all of them. */
static int read_exact(struct file *f, void *buf, size_t len, uint64_t off)
{
    int64_t n = file_pread_kernel(f, buf, len, off);

    if (n < 0)
        return (int)n;
    return (size_t)n == len ? 0 : -ENOEXEC;
}

/* The header check wants the file's length, not all of its bytes. */
static enum elf_reason check_header(const struct elf64_ehdr *h, size_t got,
                                    uint64_t file_len)
{
    return elf_check_header(h, got < sizeof(*h) ? got : file_len);
}

static int read_phdrs(struct elf_program *p, uint64_t file_len,
                      enum elf_reason *reason)
{
    size_t len = p->ehdr.e_phnum * sizeof(*p->phdrs);
    int err;

    if (p->ehdr.e_phnum > PHDRS_MAX) {
        *reason = ELF_BAD_PHDRS;
        return -ENOEXEC;
    }
    p->phdrs = kmalloc(len);
    if (!p->phdrs)
        return -ENOMEM;
    err = read_exact(p->file, p->phdrs, len, p->ehdr.e_phoff);
    if (err)
        return err;
    *reason = elf_check_loads(p->phdrs, p->ehdr.e_phnum, file_len, &p->span);
    return *reason ? -ENOEXEC : 0;
}

static int read_interp(struct elf_program *p, const struct elf64_phdr *ph)
{
    int err;

    if (ph->p_filesz < 2 || ph->p_filesz > EXEC_PATH_MAX)
        return -ENOEXEC;
    p->interp = kmalloc(ph->p_filesz);
    if (!p->interp)
        return -ENOMEM;
    err = read_exact(p->file, p->interp, ph->p_filesz, ph->p_offset);
    if (!err && p->interp[ph->p_filesz - 1] != '\0')
        err = -ENOEXEC;
    return err;
}

static int read_notes(struct elf_program *p, enum elf_reason *reason)
{
    int err = 0;

    for (uint32_t i = 0; i < p->ehdr.e_phnum && !err; i++) {
        const struct elf64_phdr *ph = &p->phdrs[i];

        if (ph->p_type == ELF_PT_INTERP && !p->interp)
            err = read_interp(p, ph);
        else if (ph->p_type == ELF_PT_GNU_STACK)
            p->exec_stack = ph->p_flags & ELF_PF_X;
    }
    if (err)
        *reason = ELF_BAD_PHDRS;
    return err;
}

int elf_program_open(struct elf_program *p, struct file *file,
                     enum elf_reason *reason)
{
    uint64_t file_len = file_size(file);
    int64_t n;
    int err;

    *p = (struct elf_program){.file = file};
    n = file_pread_kernel(file, &p->ehdr, sizeof(p->ehdr), 0);
    *reason = n < 0 ? ELF_OK : check_header(&p->ehdr, (size_t)n, file_len);
    err = n < 0 ? (int)n : *reason ? -ENOEXEC : 0;
    if (!err)
        err = read_phdrs(p, file_len, reason);
    if (!err)
        err = read_notes(p, reason);
    if (err) {
        p->file = NULL; /* stays the caller's */
        elf_program_close(p);
    }
    return err;
}

void elf_program_close(struct elf_program *p)
{
    kfree(p->phdrs);
    kfree(p->interp);
    p->phdrs = NULL;
    p->interp = NULL;
    if (p->file)
        file_put(p->file);
    p->file = NULL;
}

static int prot_of(uint32_t p_flags)
{
    return (p_flags & ELF_PF_R ? PROT_READ : 0) |
           (p_flags & ELF_PF_W ? PROT_WRITE : 0) |
           (p_flags & ELF_PF_X ? PROT_EXEC : 0);
}

/* Whole pages of memory that the file has nothing for, and all of the rest of
 * the last page that it has something for: glibc's loader allocates there. */
static int map_bss(const struct elf64_phdr *ph, uint64_t bias, int prot)
{
    uint64_t file_end = bias + ph->p_vaddr + ph->p_filesz;
    uint64_t mem_end = bias + ph->p_vaddr + ph->p_memsz;
    uint64_t start = ph->p_filesz ? page_up(file_end) : page_down(file_end);
    int64_t at = 0;

    if (mem_end > start)
        at = mm_map(start, page_up(mem_end) - start, prot,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL, 0);
    if (at < 0)
        return (int)at;
    if (ph->p_filesz == 0 || !(prot & PROT_WRITE))
        return 0;
    return clear_user(file_end, start - file_end);
}

static int map_segment(const struct elf_program *p, const struct elf64_phdr *ph,
                       uint64_t bias, struct backing *b)
{
    int flags = MAP_PRIVATE | MAP_FIXED;
    uint64_t addr = page_down(bias + ph->p_vaddr);
    uint64_t file_end = bias + ph->p_vaddr + ph->p_filesz;
    int prot = prot_of(ph->p_flags);
    int64_t at = 0;

    if (p->ehdr.e_type == ELF_ET_DYN)
        flags |= MAP_DENYWRITE;
    if (ph->p_filesz)
        at = mm_map(addr, file_end - addr, prot, flags, b,
                    page_down(ph->p_offset));
    if (at < 0)
        return (int)at;
    return ph->p_memsz > ph->p_filesz ? map_bss(ph, bias, prot) : 0;
}

static int map_segments(const struct elf_program *p, uint64_t bias,
                        struct backing *b)
{
    int err = 0;

    for (uint32_t i = 0; i < p->ehdr.e_phnum && !err; i++) {
        const struct elf64_phdr *ph = &p->phdrs[i];

        if (ph->p_type == ELF_PT_LOAD && ph->p_memsz)
            err = map_segment(p, ph, bias, b);
    }
    return err;
}

/* Where the program headers are to be seen in memory. */
static uint64_t phdr_addr(const struct elf_program *p, uint64_t bias)
{
    for (uint32_t i = 0; i < p->ehdr.e_phnum; i++) {
        const struct elf64_phdr *ph = &p->phdrs[i];
        uint64_t off = p->ehdr.e_phoff;

        if (ph->p_type == ELF_PT_LOAD && off >= ph->p_offset &&
            off < ph->p_offset + ph->p_filesz)
            return bias + ph->p_vaddr + (off - ph->p_offset);
    }
    return 0;
}

static uint64_t first_offset(const struct elf_program *p)
{
    for (uint32_t i = 0; i < p->ehdr.e_phnum; i++)
        if (p->phdrs[i].p_type == ELF_PT_LOAD && p->phdrs[i].p_memsz)
            return page_down(p->phdrs[i].p_offset);
    return 0;
}

/* What is added to the file's addresses so that len bytes find room. */
static int choose_bias(const struct elf_program *p, uint64_t hint, uint64_t len,
                       uint64_t *bias)
{
    int64_t at;

    *bias = 0;
    if (p->ehdr.e_type == ELF_ET_EXEC)
        return p->span.lo < ABI_USER_MIN || p->span.hi > ABI_USER_TOP ? -ENOMEM
                                                                      : 0;
    at = mm_find(hint, len);
    if (at < 0)
        return (int)at;
    *bias = (uint64_t)at - p->span.lo;
    return 0;
}

int elf_program_map(const struct elf_program *p, uint64_t hint,
                    struct elf_mapped *out)
{
    uint64_t len = p->span.hi - p->span.lo, tail = 0, bias;
    struct backing *b;
    int err;

    if (!p->file->ops->mmap)
        return -ENODEV;
    err = p->file->ops->mmap(p->file, &b, PROT_READ | PROT_EXEC, false);
    if (err)
        return err;
    if (b->ops->tail)
        tail = b->ops->tail(b, first_offset(p), len);
    err = choose_bias(p, hint, len + tail, &bias);
    if (!err)
        err = map_segments(p, bias, b);
    backing_put(b);
    *out = (struct elf_mapped){
        .bias = bias,
        .entry = bias + p->ehdr.e_entry,
        .phdr = phdr_addr(p, bias),
        .end = bias + p->span.hi + tail,
    };
    return err;
}
