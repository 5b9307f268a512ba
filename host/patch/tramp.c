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

/* The look-up of abi/sidecar.h: rbx and rdx are free, they get results. */
static const uint8_t look_up[] = {
    0x65, 0x48,           0x8b, 0x1c, 0x25, ABI_VCPU_CPUID, 0, 0,
    0,                                /* mov %gs:,%rbx */
    0x89, 0xca,                       /* 9: mov %ecx,%edx */
    0x23, 0x53,           0x08,       /* and subleaf_mask(%rbx),%edx */
    0x3b, 0x53,           0x04,       /* cmp subleaf(%rbx),%edx */
    0x75, 23 - 19,                    /* jne 23 */
    0x3b, 0x03,                       /* cmp leaf(%rbx),%eax */
    0x74, 37 - 23,                    /* je 37 */
    0x83, 0x7b,           0x1c, 0x00, /* 23: cmpl $0,more(%rbx) */
    0x48, 0x8d,           0x5b, 0x20, /* lea 32(%rbx),%rbx */
    0x75, 0x100 + 9 - 33,             /* jne 9 */
    0x0f, 0xa2,                       /* cpuid */
    0xeb, 49 - 37,                    /* jmp 49 */
    0x8b, 0x43,           0x0c,       /* 37: mov eax(%rbx),%eax */
    0x8b, 0x4b,           0x14,       /* mov ecx(%rbx),%ecx */
    0x8b, 0x53,           0x18,       /* mov edx(%rbx),%edx */
    0x8b, 0x5b,           0x10,       /* mov ebx(%rbx),%ebx */
};
_Static_assert(sizeof(look_up) == 49, "offsets in it");

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

/* The call; gives where it comes back to. */
static bool put_syscall(struct tramp *t, const struct site *site,
                        uint32_t *return_off)
{
    uint64_t after = site->insn + SITE_INSN_LEN;
    bool moved_behind = site->end > after, ok;

    map(t, site->insn);
    ok = put_return(t, moved_behind ? here(t) + 7 + sizeof(jump_gs) : after);
    put(t, jump_gs, sizeof(jump_gs));
    *return_off = moved_behind ? (uint32_t)t->len_bytes : UINT32_MAX;
    return ok;
}

static bool put_all(struct tramp *t, const struct code *c,
                    const struct site *site, uint32_t *return_off)
{
    uint64_t after = site->insn + SITE_INSN_LEN;
    bool ok = put_moved(t, c, site->first, site->insn);

    *return_off = UINT32_MAX;
    if (site->kind == SITE_SYSCALL) {
        ok &= put_syscall(t, site, return_off);
        if (site->end == after)
            return ok;
    } else {
        map(t, site->insn);
        put(t, look_up, sizeof(look_up));
    }
    return ok && put_moved(t, c, after, site->end) && put_back(t, site->end);
}

bool tramp_add(struct tramp *t, const struct code *c, const struct site *site,
               uint64_t *vaddr, uint32_t *return_off)
{
    size_t old_len, old_maps = t->nr_maps;
    bool ok;

    align(t);
    old_len = t->len_bytes;
    *vaddr = here(t);
    ok = put_all(t, c, site, return_off);
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
