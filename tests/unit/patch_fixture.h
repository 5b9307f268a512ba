/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small ELF files around hand-made code, for tests of the patcher: one text
 * segment whose entry point is the first byte of the code, and optionally one
 * segment of data.
 */
#ifndef EINKORN_TESTS_UNIT_PATCH_FIXTURE_H
#define EINKORN_TESTS_UNIT_PATCH_FIXTURE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/patch/patch.h"
#include "lib/elf.h"

enum { TEXT = 0x1000, DATA = 0x2000, FILE_LEN = 0x3000 };

struct fixture {
    uint8_t *file;
    struct patched_elf elf;
    struct patch_stats stats;
};

static void fixture_make(struct fixture *f, const uint8_t *code, size_t len)
{
    struct elf64_ehdr eh = {.e_ident = {0x7f, 'E', 'L', 'F', 2, 1, 1},
                            .e_type = ELF_ET_DYN,
                            .e_machine = ELF_EM_X86_64,
                            .e_entry = TEXT,
                            .e_phoff = sizeof(eh),
                            .e_phentsize = sizeof(struct elf64_phdr),
                            .e_phnum = 2};
    struct elf64_phdr ph[2] = {
        {.p_type = ELF_PT_LOAD,
         .p_flags = ELF_PF_R | ELF_PF_X,
         .p_offset = TEXT,
         .p_vaddr = TEXT,
         .p_filesz = len,
         .p_memsz = len},
        {.p_type = ELF_PT_LOAD,
         .p_flags = ELF_PF_R,
         .p_offset = DATA,
         .p_vaddr = DATA,
         .p_filesz = FILE_LEN - DATA,
         .p_memsz = FILE_LEN - DATA},
    };

    *f = (struct fixture){.file = calloc(1, FILE_LEN)};
    memcpy(f->file, &eh, sizeof(eh));
    memcpy(f->file + sizeof(eh), ph, sizeof(ph));
    memcpy(f->file + TEXT, code, len);
}

static void fixture_patch(struct fixture *f)
{
    patch_elf(&f->elf, f->file, FILE_LEN, &f->stats);
}

static void fixture_free(struct fixture *f)
{
    patch_free(&f->elf);
    free(f->file);
}

#endif
