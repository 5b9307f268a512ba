/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Function starts from unwind tables: the sorted table of .eh_frame_hdr (LSB
 * Core, "Exception Frames") names every FDE, and the FDE says how long the
 * function is. Only the encodings that linkers write are understood.
 */
#include <string.h>

#include "host/patch/code.h"

enum {
    PE_UDATA4 = 0x03,
    PE_PCREL_SDATA4 = 0x1b,
    PE_DATAREL_SDATA4 = 0x3b,
    HDR_TABLE = 12, /* version, encodings, eh_frame_ptr, fde_count */
};

static uint32_t get32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

/* Is this the FDE of a signal frame ('S' in its CIE's augmentation)? Such a
 * one begins a byte too early on purpose, for the unwinder's sake. A CIE:
 * length, id, version, augmentation string. */
static bool is_signal_frame(const struct code *c, uint64_t fde)
{
    const uint8_t *p = elf_view_at(&c->elf, fde, 8);
    const uint8_t *augmentation;

    if (!p)
        return true;
    augmentation = elf_view_at(&c->elf, fde + 4 - get32(p + 4) + 9, 8);
    return !augmentation ||
           memchr(augmentation, 'S', strnlen((const char *)augmentation, 8)) !=
               NULL;
}

/* The length that the FDE at this address gives to the function at start; 0
 * unless it really describes that function. An FDE: length, pointer to its
 * CIE, start relative to here, length of code. */
static uint64_t fde_length(const struct code *c, uint64_t fde, uint64_t start)
{
    const uint8_t *p = elf_view_at(&c->elf, fde, 16);

    if (!p || fde + 8 + (uint64_t)(int64_t)(int32_t)get32(p + 8) != start)
        return 0;
    return get32(p + 12);
}

static void take_table(struct code *c, const struct elf64_phdr *ph)
{
    const uint8_t *hdr = elf_view_at(&c->elf, ph->p_vaddr, HDR_TABLE);
    const uint8_t *table;
    uint32_t nr;

    if (!hdr || hdr[0] != 1 || hdr[1] != PE_PCREL_SDATA4 ||
        hdr[2] != PE_UDATA4 || hdr[3] != PE_DATAREL_SDATA4)
        return;
    nr = get32(hdr + 8);
    table = elf_view_at(&c->elf, ph->p_vaddr + HDR_TABLE, (uint64_t)nr * 8);
    for (uint32_t i = 0; table && i < nr; i++) {
        uint64_t start =
            ph->p_vaddr + (uint64_t)(int64_t)(int32_t)get32(table + 8 * i);
        uint64_t fde =
            ph->p_vaddr + (uint64_t)(int64_t)(int32_t)get32(table + 8 * i + 4);

        if (!is_signal_frame(c, fde))
            code_add_start(c, start, fde_length(c, fde, start));
    }
}

void code_find_fdes(struct code *c)
{
    for (uint32_t i = 0; i < c->elf.nr_phdrs; i++)
        if (c->elf.phdrs[i].p_type == ELF_PT_GNU_EH_FRAME)
            take_table(c, &c->elf.phdrs[i]);
}
