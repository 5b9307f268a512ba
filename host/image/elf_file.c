/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading an ELF file's loader and library names; see elf_file.h. The file is
 * not trusted: every table and string is bounded by the mapping.
 */
#include "host/image/elf_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/common/xalloc.h"

bool elf_file_map(struct elf_file *f, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    void *p = MAP_FAILED;

    *f = (struct elf_file){0};
    if (fd < 0)
        return false;
    if (fstat(fd, &st) == 0) {
        f->len_bytes = (size_t)st.st_size;
        p = f->len_bytes
                ? mmap(NULL, f->len_bytes, PROT_READ, MAP_PRIVATE, fd, 0)
                : NULL;
    }
    close(fd);
    f->bytes = p == MAP_FAILED ? NULL : p;
    return p != MAP_FAILED;
}

/* A string of the file, if it ends inside. */
static const char *string_at(const struct elf_file *f, uint64_t off)
{
    if (off >= f->len_bytes ||
        !memchr(f->bytes + off, '\0', f->len_bytes - off))
        return NULL;
    return (const char *)f->bytes + off;
}

static struct elf64_phdr phdr_at(const struct elf_file *f, unsigned i)
{
    struct elf64_ehdr eh;
    struct elf64_phdr ph;

    memcpy(&eh, f->bytes, sizeof(eh));
    memcpy(&ph, f->bytes + eh.e_phoff + i * sizeof(ph), sizeof(ph));
    return ph;
}

static unsigned nr_phdrs(const struct elf_file *f)
{
    struct elf64_ehdr eh;

    memcpy(&eh, f->bytes, sizeof(eh));
    return eh.e_phnum;
}

static uint64_t to_offset(const struct elf_file *f, uint64_t vaddr)
{
    for (unsigned i = 0; i < nr_phdrs(f); i++) {
        struct elf64_phdr ph = phdr_at(f, i);

        if (ph.p_type == ELF_PT_LOAD && vaddr >= ph.p_vaddr &&
            vaddr - ph.p_vaddr < ph.p_filesz)
            return vaddr - ph.p_vaddr + ph.p_offset;
    }
    return UINT64_MAX;
}

static uint64_t find_strtab(const struct elf_file *f,
                            const struct elf64_dyn *dyn, size_t nr)
{
    for (size_t i = 0; i < nr && dyn[i].d_tag != ELF_DT_NULL; i++)
        if (dyn[i].d_tag == ELF_DT_STRTAB)
            return to_offset(f, dyn[i].d_val);
    return UINT64_MAX;
}

static void read_dynamic(struct elf_file *f, struct elf64_phdr ph)
{
    size_t nr = ph.p_filesz / sizeof(struct elf64_dyn);
    struct elf64_dyn *dyn;
    uint64_t strtab;

    if (ph.p_offset > f->len_bytes || ph.p_filesz > f->len_bytes - ph.p_offset)
        return;
    dyn = xcalloc(nr, sizeof(*dyn));
    memcpy(dyn, f->bytes + ph.p_offset, nr * sizeof(*dyn));
    strtab = find_strtab(f, dyn, nr);
    for (size_t i = 0; i < nr && dyn[i].d_tag != ELF_DT_NULL; i++) {
        uint64_t off = strtab + dyn[i].d_val;
        const char *s = off >= strtab ? string_at(f, off) : NULL;

        if (dyn[i].d_tag == ELF_DT_FLAGS_1) {
            f->no_default_dirs = dyn[i].d_val & ELF_DF_1_NODEFLIB;
        } else if (s && dyn[i].d_tag == ELF_DT_RPATH) {
            f->rpath = s;
        } else if (s && dyn[i].d_tag == ELF_DT_RUNPATH) {
            f->runpath = s;
        } else if (s && dyn[i].d_tag == ELF_DT_NEEDED) {
            f->needed =
                xgrow(f->needed, f->nr_needed, &f->max_needed, sizeof(char *));
            f->needed[f->nr_needed++] = s;
        }
    }
    free(dyn);
}

static void read_phdrs(struct elf_file *f)
{
    for (unsigned i = 0; i < nr_phdrs(f); i++) {
        struct elf64_phdr ph = phdr_at(f, i);
        bool wx = (ph.p_flags & ELF_PF_W) && (ph.p_flags & ELF_PF_X);

        if (ph.p_type == ELF_PT_INTERP)
            f->interp = string_at(f, ph.p_offset);
        else if (ph.p_type == ELF_PT_DYNAMIC)
            read_dynamic(f, ph);
        else if ((ph.p_type == ELF_PT_LOAD || ph.p_type == ELF_PT_GNU_STACK) &&
                 wx)
            f->wants_jit = true;
    }
}

static enum elf_reason check(const struct elf_file *f)
{
    enum elf_reason reason = ELF_NOT_ELF;
    struct elf64_phdr *phdrs;
    struct elf_span span;
    unsigned nr;

    if (f->bytes)
        reason = elf_check_header(f->bytes, f->len_bytes);
    if (reason)
        return reason;
    nr = nr_phdrs(f);
    phdrs = xcalloc(nr, sizeof(*phdrs));
    for (unsigned i = 0; i < nr; i++)
        phdrs[i] = phdr_at(f, i);
    reason = elf_check_loads(phdrs, nr, f->len_bytes, &span);
    free(phdrs);
    return reason;
}

bool elf_file_open(struct elf_file *f, const char *path, int *reason)
{
    *reason = -1;
    if (!elf_file_map(f, path))
        return false;
    *reason = (int)check(f);
    if (*reason == ELF_OK)
        read_phdrs(f);
    else
        elf_file_close(f);
    return *reason == ELF_OK;
}

void elf_file_close(struct elf_file *f)
{
    if (f->bytes)
        munmap((void *)(uintptr_t)f->bytes, f->len_bytes);
    free(f->needed);
    *f = (struct elf_file){0};
}
