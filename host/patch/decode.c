/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decoding along the flow of control from known starts. Functions of known
 * length are decoded whole (parts that only a jump table reaches, too); what
 * has no known length ends where its flow ends. What two ways of decoding
 * disagree about is left alone.
 */
#include <string.h>

#include "host/patch/code.h"
#include "host/patch/insn.h"

enum { MAX_TABLE = 4096, MAX_TRIAL = 4096, ET_EXEC = ELF_ET_EXEC };

/* A table of 32-bit offsets relative to itself, as position-independent code
 * has for `switch`. Where it is not sure to be one (are_starts is false), it
 * marks a few targets too many at worst. */
static void take_jump_table(struct code *c, uint64_t table, bool are_starts)
{
    if (table % 4)
        return;
    for (unsigned i = 0; i < MAX_TABLE; i++) {
        const uint8_t *p = elf_view_at(&c->elf, table + 4 * i, 4);
        int32_t off;
        uint64_t target;

        if (!p)
            return;
        memcpy(&off, p, sizeof(off));
        target = table + (uint64_t)(int64_t)off;
        if (!code_region_at(c, target))
            return;
        if (are_starts)
            code_add_start(c, target, 0);
        else
            code_mark_target(c, target);
    }
}

/* *table is the last address of data that was loaded on the way. */
static void take_references(struct code *c, const struct insn *in,
                            uint64_t *table)
{
    if (in->has_target)
        code_add_start(c, in->target, 0);
    else if (in->is_jump && *table)
        take_jump_table(c, *table, true);
    if (in->is_lea && in->is_rip_relative) {
        code_mark_target(c, in->target);
        if (!code_region_at(c, in->target)) {
            take_jump_table(c, in->target, false);
            *table = in->target;
        }
    }
    if (in->has_imm32 && c->elf.eh.e_type == ET_EXEC)
        code_mark_target(c, (uint32_t)in->imm);
}

/* Do the bytes [at, at+len) contradict what is already known? */
static bool conflicts(const struct code_region *r, uint64_t at, unsigned len)
{
    if (r->flags[at] & CODE_INNER)
        return true;
    for (unsigned i = 1; i < len; i++)
        if (r->flags[at + i] & CODE_INSN)
            return true;
    return false;
}

static void mark_insn(struct code_region *r, uint64_t at, unsigned len)
{
    r->flags[at] |= CODE_INSN;
    r->insn_len[at] = (uint8_t)len;
    for (unsigned i = 1; i < len; i++)
        r->flags[at + i] |= CODE_INNER;
}

static void decode_from(struct code *c, const struct code_start *start)
{
    struct code_region *r = code_region_at(c, start->vaddr);
    uint64_t at = start->vaddr - r->vaddr;
    uint64_t sure = at + start->len_bytes, table = 0;
    struct insn in;

    while (at < r->len_bytes) {
        if (r->flags[at] & CODE_INSN) {
            if (at >= sure)
                return;
            at += r->insn_len[at];
            continue;
        }
        if (!insn_decode(&in, r->bytes + at, r->len_bytes - at,
                         r->vaddr + at) ||
            conflicts(r, at, in.len))
            return;
        mark_insn(r, at, in.len);
        take_references(c, &in, &table);
        at += in.len;
        if (in.ends_flow && at >= sure)
            return;
    }
}

/* Does a hint hold: is there straight code up to a jump or return, without a
 * contradiction, that nobody knew of? */
static bool is_plausible(const struct code *c, uint64_t vaddr)
{
    const struct code_region *r = code_region_at(c, vaddr);
    uint64_t at = vaddr - r->vaddr;
    struct insn in;

    for (int i = 0; i < MAX_TRIAL && at < r->len_bytes; i++) {
        if (r->flags[at] & CODE_INSN)
            return i > 0;
        if (!insn_decode(&in, r->bytes + at, r->len_bytes - at,
                         r->vaddr + at) ||
            conflicts(r, at, in.len))
            return false;
        if (in.ends_flow)
            return true;
        at += in.len;
    }
    return false;
}

/* Decode what is on the queue from *at on. */
static void drain(struct code *c, size_t *at)
{
    for (; *at < c->nr_queue; (*at)++) {
        struct code_start start = c->queue[*at];

        decode_from(c, &start);
    }
}

/* What was not decoded may hold branches, too: every byte there that looks
 * like one counts. */
static void distrust(struct code *c, const struct code_region *r)
{
    for (uint64_t at = 0; at + 1 < r->len_bytes; at++) {
        uint8_t op = r->bytes[at];
        uint64_t vaddr = r->vaddr + at;
        unsigned prefix = op == 0x0f && r->bytes[at + 1] >> 4 == 8;
        int32_t rel;

        if (r->flags[at] & (CODE_INSN | CODE_INNER))
            continue;
        if (op >> 4 == 7 || op == 0xeb || (op >= 0xe0 && op <= 0xe3))
            code_mark_target(c, vaddr + 2 + (uint64_t)(int8_t)r->bytes[at + 1]);
        if ((prefix || op == 0xe8 || op == 0xe9) &&
            at + prefix + 5 <= r->len_bytes) {
            memcpy(&rel, r->bytes + at + prefix + 1, sizeof(rel));
            code_mark_target(c, vaddr + prefix + 5 + (uint64_t)(int64_t)rel);
        }
    }
}

/* What the file says about lengths first, then what is reached from there,
 * guesses last. */
void code_decode(struct code *c)
{
    size_t nr_known = c->nr_queue, done = 0;

    for (size_t i = 0; i < nr_known; i++) {
        struct code_start start = c->queue[i];

        if (start.len_bytes > 0)
            decode_from(c, &start);
    }
    drain(c, &done);
    for (size_t i = 0; i < c->nr_hints; i++) {
        if (!is_plausible(c, c->hints[i]))
            continue;
        code_add_start(c, c->hints[i], 0);
        drain(c, &done);
    }
    for (size_t i = 0; i < c->nr_regions; i++)
        distrust(c, &c->regions[i]);
}
