/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing trampolines; see tramp.h.
 */
#include "host/patch/tramp.h"

#include <string.h>

#include "abi/layout.h"
#include "abi/platform.h"
#include "host/common/xalloc.h"
#include "host/patch/insn.h"

enum { ALIGN = 16, INT3 = 0xcc };

/* jmp *%gs:ABI_VCPU_SYSCALL_ENTRY */
static const uint8_t jump_gs[] = {
    0x65, 0xff, 0x24, 0x25, ABI_VCPU_SYSCALL_ENTRY, 0, 0, 0};

static uint64_t here(const struct tramp *t)
{
    return t->base + t->len_bytes;
}

static void put(struct tramp *t, const void *bytes, size_t len)
{
    while (t->len_bytes + len > t->cap_bytes)
        t->bytes = xgrow(t->bytes, t->cap_bytes, &t->cap_bytes, 1);
    memcpy(t->bytes + t->len_bytes, bytes, len);
    t->len_bytes += len;
}

static void map(struct tramp *t, uint64_t canonical)
{
    t->maps = xgrow(t->maps, t->nr_maps, &t->cap_maps, sizeof(*t->maps));
    t->maps[t->nr_maps++] = (struct sidecar_map){
        (uint32_t)t->len_bytes, (uint32_t)(canonical - t->seg)};
}

static bool fits(int64_t v)
{
    return v == (int32_t)v;
}

/* A 32-bit displacement that ends at `next`. */
static bool put_rel32(uint8_t *p, uint64_t next, uint64_t to)
{
    int64_t rel = (int64_t)(to - next);
    int32_t rel32 = (int32_t)rel;

    memcpy(p, &rel32, sizeof(rel32));
    return fits(rel);
}

bool tramp_put_jump(uint8_t *p, uint64_t from, uint64_t to)
{
    p[0] = 0xe9;
    return put_rel32(p + 1, from + SITE_JUMP_LEN, to);
}

/* Copy the instructions of [from, end), each with its place in the map;
 * RIP-relative operands keep pointing where they did. */
static bool put_moved(struct tramp *t, const struct code *c, uint64_t from,
                      uint64_t end)
{
    bool ok = true;

    while (from < end) {
        const struct code_region *r = code_region_at(c, from);
        uint64_t at = from - r->vaddr;
        uint8_t copy[16];
        struct insn in;

        if (!insn_decode(&in, r->bytes + at, r->len_bytes - at, from))
            return false;
        memcpy(copy, r->bytes + at, in.len);
        if (in.is_rip_relative)
            ok &= put_rel32(copy + in.disp_off, here(t) + in.len, in.target);
        map(t, from);
        put(t, copy, in.len);
        from += in.len;
    }
    return ok;
}

/* lea to(%rip),%rcx */
static bool put_return(struct tramp *t, uint64_t to)
{
    uint8_t lea[7] = {0x48, 0x8d, 0x0d};
    bool ok = put_rel32(lea + 3, here(t) + sizeof(lea), to);

    put(t, lea, sizeof(lea));
    return ok;
}

static bool put_back(struct tramp *t, uint64_t to)
{
    uint8_t jump[SITE_JUMP_LEN];
    bool ok = tramp_put_jump(jump, here(t), to);

    map(t, to);
    put(t, jump, sizeof(jump));
    return ok;
}

static void align(struct tramp *t)
{
    static const uint8_t pad = INT3;

    while (t->len_bytes % ALIGN)
        put(t, &pad, 1);
}

bool tramp_add(struct tramp *t, const struct code *c, const struct site *site,
               uint64_t *vaddr, uint32_t *return_off)
{
    uint64_t after = site->syscall + SITE_SYSCALL_LEN;
    size_t old_len, old_maps = t->nr_maps;
    bool moved_behind = site->end > after, ok;
    uint64_t back;

    align(t);
    old_len = t->len_bytes;
    *vaddr = here(t);
    ok = put_moved(t, c, site->first, site->syscall);
    back = moved_behind ? here(t) + 7 + sizeof(jump_gs) : after;
    map(t, site->syscall);
    ok &= put_return(t, back);
    put(t, jump_gs, sizeof(jump_gs));
    *return_off = moved_behind ? (uint32_t)t->len_bytes : UINT32_MAX;
    if (moved_behind) {
        ok &= put_moved(t, c, after, site->end);
        ok &= put_back(t, site->end);
    }
    if (!ok) {
        t->len_bytes = old_len;
        t->nr_maps = old_maps;
    }
    return ok;
}

void tramp_finish(struct tramp *t)
{
    static const uint8_t pad = INT3;

    while (t->len_bytes % ABI_PAGE_SIZE)
        put(t, &pad, 1);
}
