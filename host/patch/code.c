/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The map of a file's machine code; see code.h.
 */
#include "host/patch/code.h"

#include <stdlib.h>
#include <string.h>

#include "host/common/xalloc.h"

enum { SHF_EXECINSTR = 4, MAX_INSN = 15 };

static void add_region(struct code *c, uint64_t vaddr, uint64_t off,
                       uint64_t len)
{
    struct code_region *r;

    c->regions = xgrow(c->regions, c->nr_regions, &c->cap_regions, sizeof(*r));
    r = &c->regions[c->nr_regions++];
    *r = (struct code_region){.vaddr = vaddr,
                              .len_bytes = len,
                              .bytes = c->elf.bytes + off,
                              .flags = xcalloc(len, 1),
                              .insn_len = xcalloc(len, 1)};
}

/* The sections of one segment that are code. A segment may hold constants and
 * tables as well, which sections tell apart. */
static bool add_sections(struct code *c, const struct elf64_phdr *ph)
{
    bool found = false;

    for (uint32_t i = 0; i < c->elf.nr_shdrs; i++) {
        const struct elf64_shdr *sh = &c->elf.shdrs[i];

        if (sh->sh_type != ELF_SHT_PROGBITS ||
            !(sh->sh_flags & SHF_EXECINSTR) || sh->sh_size == 0 ||
            sh->sh_offset < ph->p_offset ||
            sh->sh_offset - ph->p_offset > ph->p_filesz ||
            sh->sh_size > ph->p_filesz - (sh->sh_offset - ph->p_offset) ||
            sh->sh_addr - ph->p_vaddr != sh->sh_offset - ph->p_offset)
            continue;
        add_region(c, sh->sh_addr, sh->sh_offset, sh->sh_size);
        found = true;
    }
    return found;
}

bool code_open(struct code *c, const uint8_t *bytes, uint64_t len_bytes)
{
    *c = (struct code){0};
    if (!elf_view_open(&c->elf, bytes, len_bytes))
        return false;
    for (uint32_t i = 0; i < c->elf.nr_phdrs; i++) {
        const struct elf64_phdr *ph = &c->elf.phdrs[i];

        if (elf_view_is_text(ph) && !add_sections(c, ph))
            add_region(c, ph->p_vaddr, ph->p_offset, ph->p_filesz);
    }
    return c->nr_regions > 0;
}

void code_close(struct code *c)
{
    for (size_t i = 0; i < c->nr_regions; i++) {
        free(c->regions[i].flags);
        free(c->regions[i].insn_len);
    }
    free(c->regions);
    free(c->queue);
    free(c->hints);
    elf_view_close(&c->elf);
    *c = (struct code){0};
}

struct code_region *code_region_at(const struct code *c, uint64_t vaddr)
{
    for (size_t i = 0; i < c->nr_regions; i++)
        if (vaddr - c->regions[i].vaddr < c->regions[i].len_bytes)
            return &c->regions[i];
    return NULL;
}

void code_mark_target(struct code *c, uint64_t vaddr)
{
    struct code_region *r = code_region_at(c, vaddr);

    if (r)
        r->flags[vaddr - r->vaddr] |= CODE_TARGET;
}

void code_add_start(struct code *c, uint64_t vaddr, uint64_t len_bytes)
{
    struct code_region *r = code_region_at(c, vaddr);
    uint8_t *flags;

    if (!r)
        return;
    flags = &r->flags[vaddr - r->vaddr];
    *flags |= CODE_TARGET;
    if ((*flags & CODE_QUEUED) && len_bytes == 0)
        return;
    *flags |= CODE_QUEUED;
    if (len_bytes > r->len_bytes - (vaddr - r->vaddr))
        len_bytes = 0;
    c->queue = xgrow(c->queue, c->nr_queue, &c->cap_queue, sizeof(*c->queue));
    c->queue[c->nr_queue++] = (struct code_start){vaddr, len_bytes};
}

void code_add_hint(struct code *c, uint64_t vaddr)
{
    if (!code_region_at(c, vaddr))
        return;
    code_mark_target(c, vaddr);
    c->hints = xgrow(c->hints, c->nr_hints, &c->cap_hints, sizeof(*c->hints));
    c->hints[c->nr_hints++] = vaddr;
}

unsigned code_length(const struct code *c, uint64_t vaddr)
{
    const struct code_region *r = code_region_at(c, vaddr);

    return r ? r->insn_len[vaddr - r->vaddr] : 0;
}

uint64_t code_previous(const struct code *c, uint64_t vaddr)
{
    const struct code_region *r = code_region_at(c, vaddr);
    uint64_t found = 0, at;

    if (!r)
        return 0;
    at = vaddr - r->vaddr;
    for (uint64_t back = 1; back <= MAX_INSN && back <= at; back++) {
        if (r->insn_len[at - back] != back)
            continue;
        if (found)
            return 0;
        found = vaddr - back;
    }
    return found;
}
