/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Function starts from unwind tables: the sorted table of .eh_frame_hdr (LSB
 * Core, "Exception Frames") names every FDE, and the FDE says how long the
 * function is. Only the encodings that compilers and linkers write for x86-64
 * are understood: 4 bytes, relative to where they stand.
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

/* base plus the signed 32-bit value at p */
static uint64_t sext32(uint64_t base, const uint8_t *p)
{
    return base + (uint64_t)(int64_t)(int32_t)get32(p);
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

    if (!p || sext32(fde + 8, p + 8) != start)
        return 0;
    return get32(p + 12);
}

static void take_fde(struct code *c, uint64_t fde, uint64_t start)
{
    if (!is_signal_frame(c, fde))
        code_add_start(c, start, fde_length(c, fde, start));
}

/* Returns whether the table could be read. */
static bool take_table(struct code *c, const struct elf64_phdr *ph)
{
    const uint8_t *hdr = elf_view_at(&c->elf, ph->p_vaddr, HDR_TABLE);
    const uint8_t *table;
    uint32_t nr;

    if (!hdr || hdr[0] != 1 || hdr[1] != PE_PCREL_SDATA4 ||
        hdr[2] != PE_UDATA4 || hdr[3] != PE_DATAREL_SDATA4)
        return false;
    nr = get32(hdr + 8);
    table = elf_view_at(&c->elf, ph->p_vaddr + HDR_TABLE, (uint64_t)nr * 8);
    for (uint32_t i = 0; table && i < nr; i++)
        take_fde(c, sext32(ph->p_vaddr, table + 8 * i + 4),
                 sext32(ph->p_vaddr, table + 8 * i));
    return table != NULL;
}

/* Static programs may come without the table: all of .eh_frame, then. An FDE
 * differs from a CIE by a pointer that is not 0. */
static void take_section(struct code *c, const struct elf64_shdr *sh)
{
    uint64_t at = sh->sh_addr, end = sh->sh_addr + sh->sh_size;
    const uint8_t *p;
    uint32_t len;

    while (at + 12 <= end && (p = elf_view_at(&c->elf, at, 12))) {
        len = get32(p);
        if (len < 8 || len >= 0xfffffff0 || len > end - at - 4)
            return;
        if (get32(p + 4) != 0)
            take_fde(c, at, sext32(at + 8, p + 8));
        at += 4 + (uint64_t)len;
    }
}

void code_find_fdes(struct code *c)
{
    const struct elf64_shdr *section;

    for (uint32_t i = 0; i < c->elf.nr_phdrs; i++)
        if (c->elf.phdrs[i].p_type == ELF_PT_GNU_EH_FRAME &&
            take_table(c, &c->elf.phdrs[i]))
            return;
    section = elf_view_section(&c->elf, ".eh_frame");
    if (section)
        take_section(c, section);
}
