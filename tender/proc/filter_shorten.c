/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes a filter shorter without changing what it says: the host checks and
 * translates each instruction, 0.2 us apiece.
 */
#include "lib/string.h"
#include "tender/proc/filter.h"

static int is_jump(const struct sock_filter *f)
{
    return BPF_CLASS(f->code) == BPF_JMP && BPF_OP(f->code) != BPF_JA;
}

/* A jump to a `ret` may as well go to the last one that says the same. */
static uint8_t shared_return(const struct code *c, uint32_t at, uint8_t jump_by)
{
    const struct sock_filter *to = &c->insn[at + 1 + jump_by];

    if (to->code != (BPF_RET | BPF_K))
        return jump_by;
    for (uint32_t i = c->nr - 1; i > at + 1 + jump_by; i--)
        if (c->insn[i].code == to->code && c->insn[i].k == to->k &&
            i - at - 1 <= UINT8_MAX)
            return (uint8_t)(i - at - 1);
    return jump_by;
}

/* Jumps go forward only, so that one pass finds what is reached. */
static void mark_reached(const struct code *c, uint16_t *at)
{
    memset(at, 0, c->nr * sizeof(*at));
    at[0] = 1;
    for (uint32_t i = 0; i < c->nr; i++) {
        const struct sock_filter *f = &c->insn[i];

        if (!at[i] || BPF_CLASS(f->code) == BPF_RET)
            continue;
        if (is_jump(f))
            at[i + 1 + f->jt] = at[i + 1 + f->jf] = 1;
        else
            at[i + 1 + (BPF_CLASS(f->code) == BPF_JMP ? f->k : 0)] = 1;
    }
}

/* From marks to places: how many are reached before each. */
static void number(const struct code *c, uint16_t *at)
{
    uint16_t n = 0;

    for (uint32_t i = 0; i < c->nr; i++) {
        uint16_t reached = at[i];

        at[i] = n;
        n += reached;
    }
    at[c->nr] = n;
}

/* Without what is not reached. */
static void compact(struct code *c, const uint16_t *at)
{
    for (uint32_t i = 0; i < c->nr; i++) {
        struct sock_filter f = c->insn[i];

        if (at[i + 1] == at[i])
            continue;
        if (is_jump(&f)) {
            f.jt = (uint8_t)(at[i + 1 + f.jt] - at[i] - 1);
            f.jf = (uint8_t)(at[i + 1 + f.jf] - at[i] - 1);
        } else if (BPF_CLASS(f.code) == BPF_JMP) {
            f.k = (uint32_t)(at[i + 1 + f.k] - at[i] - 1);
        }
        c->insn[at[i]] = f;
    }
    c->nr = at[c->nr];
}

void filter_shorten(struct code *c)
{
    uint16_t at[FILTER_MAX + 1]; /* one array: a start's stack is one page */

    for (uint32_t i = 0; i < c->nr; i++) {
        struct sock_filter *f = &c->insn[i];

        if (is_jump(f)) {
            f->jt = shared_return(c, i, f->jt);
            f->jf = shared_return(c, i, f->jf);
        }
    }
    mark_reached(c, at);
    number(c, at);
    compact(c, at);
}
