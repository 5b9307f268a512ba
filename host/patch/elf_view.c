/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A checked view of an ELF file; see elf_view.h.
 */
#include "host/patch/elf_view.h"

#include <stdlib.h>
#include <string.h>

#include "host/common/xalloc.h"

enum { SHT_NULL = 0, SHN_MAX = 0xff00 };

static void read_sections(struct elf_view *v)
{
    uint64_t off = v->eh.e_shoff;
    uint64_t len = (uint64_t)v->eh.e_shnum * sizeof(struct elf64_shdr);

    if (v->eh.e_shentsize != sizeof(struct elf64_shdr) || off == 0 ||
        v->eh.e_shnum >= SHN_MAX || off > v->len_bytes ||
        len > v->len_bytes - off)
        return;
    v->nr_shdrs = v->eh.e_shnum;
    v->shdrs = xcalloc(v->nr_shdrs, sizeof(*v->shdrs));
    memcpy(v->shdrs, v->bytes + off, len);
    for (uint32_t i = 0; i < v->nr_shdrs; i++) {
        struct elf64_shdr *sh = &v->shdrs[i];

        if (sh->sh_type == ELF_SHT_NOBITS || sh->sh_offset > v->len_bytes ||
            sh->sh_size > v->len_bytes - sh->sh_offset)
            sh->sh_type = SHT_NULL;
    }
}

bool elf_view_open(struct elf_view *v, const uint8_t *bytes, uint64_t len_bytes)
{
    *v = (struct elf_view){.bytes = bytes, .len_bytes = len_bytes};
    if (elf_check_header(bytes, len_bytes) != ELF_OK)
        return false;
    memcpy(&v->eh, bytes, sizeof(v->eh));
    v->nr_phdrs = v->eh.e_phnum;
    v->phdrs = xcalloc(v->nr_phdrs, sizeof(*v->phdrs));
    memcpy(v->phdrs, bytes + v->eh.e_phoff, v->nr_phdrs * sizeof(*v->phdrs));
    if (elf_check_loads(v->phdrs, v->nr_phdrs, len_bytes, &v->span) != ELF_OK) {
        elf_view_close(v);
        return false;
    }
    read_sections(v);
    return true;
}

void elf_view_close(struct elf_view *v)
{
    free(v->phdrs);
    free(v->shdrs);
    *v = (struct elf_view){0};
}

const uint8_t *elf_view_at(const struct elf_view *v, uint64_t vaddr,
                           uint64_t len_bytes)
{
    for (uint32_t i = 0; i < v->nr_phdrs; i++) {
        const struct elf64_phdr *ph = &v->phdrs[i];
        uint64_t at = vaddr - ph->p_vaddr;

        if (ph->p_type == ELF_PT_LOAD && vaddr >= ph->p_vaddr &&
            at < ph->p_filesz && len_bytes <= ph->p_filesz - at)
            return v->bytes + ph->p_offset + at;
    }
    return NULL;
}

const struct elf64_shdr *elf_view_section(const struct elf_view *v,
                                          const char *name)
{
    uint64_t len = strlen(name) + 1;
    const struct elf64_shdr *names;

    if (v->eh.e_shstrndx >= v->nr_shdrs)
        return NULL;
    names = &v->shdrs[v->eh.e_shstrndx];
    if (names->sh_type != ELF_SHT_STRTAB)
        return NULL;
    for (uint32_t i = 0; i < v->nr_shdrs; i++) {
        const struct elf64_shdr *sh = &v->shdrs[i];

        if (sh->sh_type != SHT_NULL && sh->sh_name < names->sh_size &&
            names->sh_size - sh->sh_name >= len &&
            memcmp(v->bytes + names->sh_offset + sh->sh_name, name, len) == 0)
            return sh;
    }
    return NULL;
}
