/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A checked view of an ELF file in memory for the patcher: loadable segments
 * by address, sections where there are any. The file is not trusted.
 */
#ifndef EINKORN_HOST_PATCH_ELF_VIEW_H
#define EINKORN_HOST_PATCH_ELF_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/elf.h"

struct elf_view {
    const uint8_t *bytes;
    uint64_t len_bytes;
    struct elf64_ehdr eh;
    struct elf64_phdr *phdrs;
    struct elf64_shdr *shdrs; /* those whose content lies in the file */
    uint32_t nr_phdrs, nr_shdrs;
    struct elf_span span;
};

/* False if it is no ELF file that could be loaded. */
bool elf_view_open(struct elf_view *v, const uint8_t *bytes,
                   uint64_t len_bytes);
void elf_view_close(struct elf_view *v);

/* The file's bytes for [vaddr, vaddr + len), or NULL. */
const uint8_t *elf_view_at(const struct elf_view *v, uint64_t vaddr,
                           uint64_t len_bytes);

/* The section of that name whose content is in the file, or NULL. */
const struct elf64_shdr *elf_view_section(const struct elf_view *v,
                                          const char *name);

/* Is this segment's text to be patched: executable and never written? */
static inline bool elf_view_is_text(const struct elf64_phdr *ph)
{
    return ph->p_type == ELF_PT_LOAD && (ph->p_flags & ELF_PF_X) &&
           !(ph->p_flags & ELF_PF_W) && ph->p_filesz > 0;
}

#endif
