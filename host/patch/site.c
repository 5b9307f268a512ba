/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Choosing what a patch of one site replaces; see site.h.
 */
#include "host/patch/site.h"

#include <string.h>

#include "host/patch/insn.h"

enum { NR_RT_SIGRETURN = 15, MAX_MOVED = 4, MAX_LOOK = 32 };

static bool decode_at(const struct code *c, uint64_t vaddr, struct insn *in)
{
    const struct code_region *r = code_region_at(c, vaddr);
    uint64_t at;

    if (!r || !code_length(c, vaddr))
        return false;
    at = vaddr - r->vaddr;
    return insn_decode(in, r->bytes + at, r->len_bytes - at, vaddr);
}

static bool is_movable(const struct code *c, uint64_t vaddr)
{
    struct insn in;

    return decode_at(c, vaddr, &in) && !in.is_branch;
}

static bool is_movable_behind(const struct code *c, enum site_kind kind,
                              uint64_t vaddr)
{
    const struct code_region *r = code_region_at(c, vaddr);

    if (kind != SITE_SYSCALL)
        return is_movable(c, vaddr);
    /* rcx may hold another address there than after a real syscall. */
    return is_movable(c, vaddr) &&
           !insn_uses_rcx(r->bytes + (vaddr - r->vaddr), code_length(c, vaddr));
}

/* May control arrive in the middle of the jump? */
static bool is_branched_into(const struct code *c, uint64_t first)
{
    for (uint64_t v = first + 1; v < first + SITE_JUMP_LEN; v++) {
        const struct code_region *r = code_region_at(c, v);

        if (!r || (r->flags[v - r->vaddr] & CODE_TARGET))
            return true;
    }
    return false;
}

/* By the bytes that unwinders compare, whatever we think where the
 * instruction before begins. */
static bool is_sigreturn(const struct code *c, uint64_t vaddr)
{
    static const uint8_t load_nr[] = {NR_RT_SIGRETURN, 0, 0, 0};
    const struct code_region *r = code_region_at(c, vaddr);
    uint64_t at = vaddr - r->vaddr;

    return at >= sizeof(load_nr) + 1 &&
           memcmp(r->bytes + at - sizeof(load_nr), load_nr, sizeof(load_nr)) ==
               0 &&
           (r->bytes[at - 5] == 0xb8 || r->bytes[at - 5] == 0xc0);
}

/* Does nothing read the flags as they were before vaddr? A function's end or
 * a call leaves them undefined; other than straight code is not followed. */
static bool flags_are_dead(const struct code *c, uint64_t vaddr)
{
    uint32_t fresh = 0, reads, writes;
    struct insn in;

    for (int i = 0; i < MAX_LOOK && decode_at(c, vaddr, &in); i++) {
        const struct code_region *r = code_region_at(c, vaddr);

        if (in.is_call_or_ret)
            return true;
        if (!insn_flags(r->bytes + (vaddr - r->vaddr), in.len, &reads,
                        &writes) ||
            (reads & ~fresh))
            return false;
        fresh |= writes;
        if (fresh == INSN_STATUS_FLAGS)
            return true;
        if (in.ends_flow && !(in.is_jump && in.has_target))
            return false;
        vaddr = in.is_jump ? in.target : vaddr + in.len;
    }
    return false;
}

/* Extend behind the instruction until the jump has room; 0 if that fails. */
static uint64_t extend(const struct code *c, enum site_kind kind,
                       uint64_t first, uint64_t vaddr)
{
    uint64_t end = vaddr + SITE_INSN_LEN;

    while (end < first + SITE_JUMP_LEN) {
        if (!is_movable_behind(c, kind, end))
            return 0;
        end += code_length(c, end);
    }
    return end;
}

/* Where the jump may begin: at the instruction itself and before each of the
 * few movable ones above it. */
struct candidates {
    uint64_t first[MAX_MOVED + 1];
    int nr;
    int nr_whole; /* the leading ones that nothing enters behind */
};

static bool is_target(const struct code *c, uint64_t vaddr)
{
    const struct code_region *r = code_region_at(c, vaddr);

    return r->flags[vaddr - r->vaddr] & CODE_TARGET;
}

static void find_candidates(const struct code *c, uint64_t vaddr,
                            uint64_t floor, struct candidates *out)
{
    bool whole = true;

    *out = (struct candidates){.first = {vaddr}, .nr = 1, .nr_whole = 1};
    while (out->nr <= MAX_MOVED &&
           vaddr - out->first[out->nr - 1] < SITE_JUMP_LEN) {
        uint64_t last = out->first[out->nr - 1];
        uint64_t before = code_previous(c, last);

        if (!before || before < floor || !is_movable(c, before))
            break;
        whole &= !is_target(c, last);
        out->first[out->nr++] = before;
        out->nr_whole += whole;
    }
}

static enum patch_verdict try_one(const struct code *c, struct site *site,
                                  uint64_t first)
{
    uint64_t end = extend(c, site->kind, first, site->insn);

    if (!end)
        return PATCH_SHORT;
    if (is_branched_into(c, first))
        return PATCH_BRANCH;
    site->first = first;
    site->end = end;
    return PATCH_DONE;
}

static enum patch_verdict try_range(const struct code *c, struct site *site,
                                    const struct candidates *k, int from,
                                    int to)
{
    enum patch_verdict verdict = PATCH_SHORT;

    for (int i = to - 1; i >= from && verdict != PATCH_DONE; i--) {
        enum patch_verdict v = try_one(c, site, k->first[i]);

        if (v != PATCH_SHORT)
            verdict = v;
    }
    return verdict;
}

/*
 * Best first: enough instructions before it to leave the instruction itself
 * untouched; then fewer, with the jump on it too and instructions behind it
 * moved. All that only as long as everybody comes by the jump; if that cannot
 * be, better some do than none.
 */
enum patch_verdict site_choose(const struct code *c, enum site_kind kind,
                               uint64_t vaddr, uint64_t floor,
                               struct site *site)
{
    enum patch_verdict verdict;
    struct candidates k;

    if (vaddr < floor)
        return PATCH_SHORT;
    if (kind == SITE_SYSCALL && is_sigreturn(c, vaddr))
        return PATCH_SIGRETURN;
    if (kind == SITE_CPUID && !flags_are_dead(c, vaddr + SITE_INSN_LEN))
        return PATCH_FLAGS;
    *site = (struct site){.kind = kind, .insn = vaddr};
    find_candidates(c, vaddr, floor, &k);
    verdict = try_range(c, site, &k, 0, k.nr_whole);
    if (verdict != PATCH_DONE && k.nr > k.nr_whole) {
        enum patch_verdict v = try_range(c, site, &k, k.nr_whole, k.nr);

        if (v != PATCH_SHORT)
            verdict = v;
    }
    return verdict;
}
