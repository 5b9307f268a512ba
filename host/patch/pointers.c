/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses of code that stand in data: tables of function pointers, jump
 * tables of code that is not position-independent, relocations. Too many are
 * harmless: each only forbids a patch around it.
 */
#include <string.h>

#include "host/patch/code.h"

static uint64_t get64(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

/* Every aligned word of the loaded data that could be an address. In a file
 * with RELR relocations the unrelocated address stands there, too. */
static void scan_words(struct code *c, const struct elf64_phdr *ph)
{
    const uint8_t *p = c->elf.bytes + ph->p_offset;
    uint64_t first = (8 - ph->p_vaddr % 8) % 8;

    for (uint64_t i = first; i + 8 <= ph->p_filesz; i += 8) {
        uint64_t value = get64(p + i);

        if (value >= c->elf.span.lo && value < c->elf.span.hi)
            code_mark_target(c, value);
    }
}

static uint64_t dynamic_value(const uint8_t *dyn, uint64_t len, int64_t tag)
{
    for (uint64_t i = 0; i + 16 <= len; i += 16)
        if ((int64_t)get64(dyn + i) == tag)
            return get64(dyn + i + 8);
    return 0;
}

static void scan_relocations(struct code *c, const struct elf64_phdr *ph)
{
    const uint8_t *dyn = elf_view_at(&c->elf, ph->p_vaddr, ph->p_filesz);
    uint64_t len, nr;
    const uint8_t *rela;

    if (!dyn)
        return;
    len = dynamic_value(dyn, ph->p_filesz, ELF_DT_RELASZ);
    nr = len / sizeof(struct elf64_rela);
    rela = elf_view_at(&c->elf, dynamic_value(dyn, ph->p_filesz, ELF_DT_RELA),
                       len);
    for (uint64_t i = 0; rela && i < nr; i++) {
        struct elf64_rela r;

        memcpy(&r, rela + i * sizeof(r), sizeof(r));
        if (elf_r_type(r.r_info) == ELF_R_RELATIVE ||
            elf_r_type(r.r_info) == ELF_R_IRELATIVE)
            code_add_hint(c, (uint64_t)r.r_addend);
    }
}

void code_find_pointers(struct code *c)
{
    for (uint32_t i = 0; i < c->elf.nr_phdrs; i++) {
        const struct elf64_phdr *ph = &c->elf.phdrs[i];

        if (ph->p_type == ELF_PT_LOAD && !(ph->p_flags & ELF_PF_X))
            scan_words(c, ph);
        else if (ph->p_type == ELF_PT_DYNAMIC)
            scan_relocations(c, ph);
    }
}
