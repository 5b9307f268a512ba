/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cheap look at a file's functions: most large programs and libraries have
 * no `syscall` at all, only constants that look like one.
 */
#include <string.h>

#include "host/patch/code.h"
#include "host/patch/insn.h"

static const uint8_t pair[] = {0x0f, 0x05};

static bool function_has_syscall(const struct code_region *r, uint64_t at,
                                 uint64_t end)
{
    struct insn in;

    if (!memmem(r->bytes + at, end - at, pair, sizeof(pair)))
        return false;
    while (at < end) {
        if (!insn_decode(&in, r->bytes + at, end - at, r->vaddr + at))
            return true; /* look closer */
        if (in.is_syscall)
            return true;
        at += in.len;
    }
    return false;
}

static uint64_t count_unsized(const struct code *c)
{
    uint64_t nr = 0;

    for (size_t i = 0; i < c->nr_regions; i++)
        for (uint64_t at = 0; at < c->regions[i].len_bytes; at++)
            nr += !(c->regions[i].flags[at] & CODE_SIZED);
    return nr;
}

bool code_may_have_syscalls(struct code *c)
{
    uint64_t total = 0;

    for (size_t i = 0; i < c->nr_queue; i++) {
        const struct code_start *start = &c->queue[i];
        struct code_region *r = code_region_at(c, start->vaddr);
        uint64_t at = start->vaddr - r->vaddr;

        if (start->len_bytes == 0 || (r->flags[at] & CODE_SIZED))
            continue;
        if (function_has_syscall(r, at, at + start->len_bytes))
            return true;
        for (uint64_t k = 0; k < start->len_bytes; k++)
            r->flags[at + k] |= CODE_SIZED;
    }
    for (size_t i = 0; i < c->nr_regions; i++)
        total += c->regions[i].len_bytes;
    return count_unsized(c) > total / 10;
}
