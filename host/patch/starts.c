/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a file says that functions begin: the entry point and symbol tables.
 * Unwind tables are in fdes.c, Go's function table is in go.c.
 */
#include <string.h>

#include "host/patch/code.h"

static void take_symbols(struct code *c, const struct elf64_shdr *sh)
{
    const uint8_t *p = c->elf.bytes + sh->sh_offset;
    uint64_t nr = sh->sh_size / sizeof(struct elf64_sym);

    for (uint64_t i = 0; i < nr; i++) {
        struct elf64_sym sym;
        uint8_t type;

        memcpy(&sym, p + i * sizeof(sym), sizeof(sym));
        type = elf_st_type(sym.st_info);
        if (sym.st_shndx == ELF_SHN_UNDEF)
            continue;
        if (type == ELF_STT_FUNC || type == ELF_STT_GNU_IFUNC)
            code_add_start(c, sym.st_value, sym.st_size);
        else if (type == 0) /* labels of assembly code */
            code_mark_target(c, sym.st_value);
    }
}

void code_find_starts(struct code *c)
{
    code_add_start(c, c->elf.eh.e_entry, 0);
    for (uint32_t i = 0; i < c->elf.nr_shdrs; i++)
        if (c->elf.shdrs[i].sh_type == ELF_SHT_SYMTAB ||
            c->elf.shdrs[i].sh_type == ELF_SHT_DYNSYM)
            take_symbols(c, &c->elf.shdrs[i]);
    code_find_fdes(c);
    code_find_go(c);
}
