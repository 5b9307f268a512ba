/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One `syscall` or `cpuid` instruction: may it become a jump, and which
 * instructions around it move into the trampoline?
 */
#ifndef EINKORN_HOST_PATCH_SITE_H
#define EINKORN_HOST_PATCH_SITE_H

#include <stdint.h>

#include "host/patch/code.h"
#include "host/patch/patch.h"

enum { SITE_JUMP_LEN = 5, SITE_INSN_LEN = 2 };

enum site_kind { SITE_SYSCALL, SITE_CPUID };

/*
 * [first, insn) moves before the instruction, [insn + 2, end) behind it. The
 * jump replaces [first, first + 5); all other bytes stay, so a branch to the
 * instruction itself, if it lies outside of those, still works.
 */
struct site {
    enum site_kind kind;
    uint64_t insn;
    uint64_t first;
    uint64_t end;
};

/* Decide about the instruction at `vaddr`. Bytes below `floor` belong to the
 * site before. Fills *site when the verdict is PATCH_DONE. */
enum patch_verdict site_choose(const struct code *c, enum site_kind kind,
                               uint64_t vaddr, uint64_t floor,
                               struct site *site);

#endif
