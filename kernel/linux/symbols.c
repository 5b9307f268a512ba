/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking up functions in ELF files: see symbols.h. Tables are read piece by
 * piece: this runs when little else may work. */
#include "kernel/linux/symbols.h"

#include <asm/errno.h>
#include <stdbool.h>

#include "kernel/core/alloc.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/vfs.h"
#include "lib/elf.h"
#include "lib/string.h"

enum { PIECE = 4096, NR_SYMS = PIECE / sizeof(struct elf64_sym) };

struct search {
    struct file *file;
    struct elf64_ehdr header;
    uint64_t vaddr;
    struct elf64_sym best;
    union {
        uint8_t bytes[PIECE];
        struct elf64_phdr phdrs[PIECE / sizeof(struct elf64_phdr)];
        struct elf64_sym syms[NR_SYMS];
    } u;
};

static int read_header(struct search *s)
{
    int64_t got = file_pread_kernel(s->file, s->u.bytes, PIECE, 0);

    if (got < 0)
        return (int)got;
    if (elf_check_header(s->u.bytes, (uint64_t)got) != ELF_OK)
        return -ENOEXEC;
    memcpy(&s->header, s->u.bytes, sizeof(s->header));
    return 0;
}

/* From a place in the file to the address that symbols use. */
static int find_vaddr(struct search *s, uint64_t off)
{
    uint64_t bytes = s->header.e_phnum * sizeof(struct elf64_phdr);

    if (bytes > PIECE)
        bytes = PIECE / sizeof(struct elf64_phdr) * sizeof(struct elf64_phdr);
    if (file_pread_kernel(s->file, s->u.bytes, bytes, s->header.e_phoff) !=
        (int64_t)bytes)
        return -ENOEXEC;
    for (size_t i = 0; i < bytes / sizeof(struct elf64_phdr); i++) {
        const struct elf64_phdr *p = &s->u.phdrs[i];

        if (p->p_type == ELF_PT_LOAD && off >= p->p_offset &&
            off - p->p_offset < p->p_filesz) {
            s->vaddr = off - p->p_offset + p->p_vaddr;
            return 0;
        }
    }
    return -ENOENT;
}

static int read_section(struct search *s, uint32_t index,
                        struct elf64_shdr *out)
{
    uint64_t at = s->header.e_shoff + index * sizeof(*out);

    return file_pread_kernel(s->file, out, sizeof(*out), at) == sizeof(*out)
               ? 0
               : -ENOENT;
}

static int find_section(struct search *s, uint32_t type, struct elf64_shdr *out)
{
    if (s->header.e_shentsize != sizeof(*out))
        return -ENOENT;
    for (uint32_t i = 0; i < s->header.e_shnum; i++)
        if (read_section(s, i, out) == 0 && out->sh_type == type)
            return 0;
    return -ENOENT;
}

static bool covers(const struct elf64_sym *y, uint64_t vaddr)
{
    uint8_t type = elf_st_type(y->st_info);

    return (type == ELF_STT_FUNC || type == ELF_STT_GNU_IFUNC) &&
           y->st_shndx != ELF_SHN_UNDEF && y->st_value <= vaddr &&
           (y->st_size == 0 || vaddr - y->st_value < y->st_size);
}

static void search_table(struct search *s, const struct elf64_shdr *table)
{
    uint64_t left = table->sh_size, at = table->sh_offset;

    while (left >= sizeof(struct elf64_sym)) {
        uint64_t want = left < sizeof(s->u.syms) ? left : sizeof(s->u.syms);
        int64_t got = file_pread_kernel(s->file, s->u.syms, want, at);

        if (got < (int64_t)sizeof(struct elf64_sym))
            return;
        for (size_t i = 0; i < (size_t)got / sizeof(struct elf64_sym); i++)
            if (covers(&s->u.syms[i], s->vaddr) &&
                s->u.syms[i].st_value >= s->best.st_value)
                s->best = s->u.syms[i];
        at += (uint64_t)got;
        left -= (uint64_t)got;
    }
}

static int search_type(struct search *s, uint32_t type, char *name, size_t size)
{
    struct elf64_shdr table, strings;
    int64_t got;

    s->best = (struct elf64_sym){0};
    if (find_section(s, type, &table) < 0)
        return -ENOENT;
    search_table(s, &table);
    if (!s->best.st_value || read_section(s, table.sh_link, &strings) < 0)
        return -ENOENT;
    got = file_pread_kernel(s->file, name, size - 1,
                            strings.sh_offset + s->best.st_name);
    if (got <= 0)
        return -ENOENT;
    name[got] = '\0';
    return 0;
}

static int search(struct search *s, uint64_t off, char *name, size_t size)
{
    int err = read_header(s);

    if (!err)
        err = find_vaddr(s, off);
    if (!err && search_type(s, ELF_SHT_SYMTAB, name, size) < 0)
        err = search_type(s, ELF_SHT_DYNSYM, name, size);
    return err;
}

int symbol_find(const char *path, uint64_t off, char *name, size_t size_bytes,
                uint64_t *delta)
{
    struct search *s = kmalloc(sizeof(*s));
    int err = s ? vfs_open_kernel(path, 0, &s->file) : -ENOMEM;

    if (!err) {
        err = search(s, off, name, size_bytes);
        *delta = s->vaddr - s->best.st_value;
        file_put(s->file);
    }
    kfree(s);
    return err;
}
