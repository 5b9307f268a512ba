/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Function starts of Go programs: the table that Go's runtime unwinds by is
 * there even when symbols were stripped. Layouts of Go 1.16, 1.18 and 1.20 and
 * later (debug/gosym documents them).
 */
#include <string.h>

#include "host/patch/code.h"

enum {
    MAGIC_1_16 = 0xfffffffa,
    MAGIC_1_18 = 0xfffffff0,
    MAGIC_1_20 = 0xfffffff1,
    /* Header words of 8 bytes behind the first: */
    NR_FUNCS = 0,
    TEXT_START = 2,
    FUNCTAB_1_16 = 6,
    FUNCTAB_1_18 = 7,
    HEADER = 8 + 8 * 8,
};

struct functab {
    const uint8_t *entries;
    uint64_t nr;
    uint64_t base;     /* added to each entry */
    unsigned pc_bytes; /* an entry is two of these: start, something else */
};

static uint64_t get(const uint8_t *p, unsigned len_bytes)
{
    uint64_t v = 0;

    memcpy(&v, p, len_bytes);
    return v;
}

static uint64_t word(const uint8_t *header, unsigned i)
{
    return get(header + 8 + 8 * (uint64_t)i, 8);
}

static bool open_table(struct functab *t, const uint8_t *header, uint64_t len)
{
    uint32_t magic;
    uint64_t off;

    if (len < HEADER || header[7] != 8)
        return false;
    magic = (uint32_t)get(header, 4);
    if (magic == MAGIC_1_16) {
        *t = (struct functab){.pc_bytes = 8};
        off = word(header, FUNCTAB_1_16);
    } else if (magic == MAGIC_1_18 || magic == MAGIC_1_20) {
        *t = (struct functab){.pc_bytes = 4, .base = word(header, TEXT_START)};
        if (t->base == 0)
            return false; /* filled in by a relocation */
        off = word(header, FUNCTAB_1_18);
    } else {
        return false;
    }
    t->nr = word(header, NR_FUNCS);
    t->entries = header + off;
    /* One more entry ends the last function. */
    return off < len && t->nr < (len - off) / (2 * t->pc_bytes);
}

static uint64_t start_of(const struct functab *t, uint64_t i)
{
    return t->base + get(t->entries + 2 * i * t->pc_bytes, t->pc_bytes);
}

void code_find_go(struct code *c)
{
    const struct elf64_shdr *sh = elf_view_section(&c->elf, ".gopclntab");
    struct functab t;

    if (!sh || !open_table(&t, c->elf.bytes + sh->sh_offset, sh->sh_size))
        return;
    for (uint64_t i = 0; i < t.nr; i++) {
        uint64_t start = start_of(&t, i), end = start_of(&t, i + 1);

        if (end > start)
            code_add_start(c, start, end - start);
    }
}
