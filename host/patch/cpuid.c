/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking the processor everything that programs ask at their start; see
 * cpuid.h. Leaves follow Intel's manual (volume 2A, CPUID) and AMD's (volume
 * 3, appendix E). What is left out is executed.
 */
#include "host/patch/cpuid.h"

#include <cpuid.h>
#include <stdbool.h>
#include <stddef.h>

#include "host/common/xalloc.h"

#define EXTENDED UINT32_C(0x80000000)

enum { MAX_LEAVES = 0x30, MAX_SUBLEAVES = 64 };

struct list {
    struct sidecar_cpuid *entries;
    size_t nr, cap;
};

/* How the subleaves of a leaf come to an end. */
enum subleaves {
    NONE,          /* ecx does not matter */
    UNTIL_EAX,     /* eax of subleaf 0 is the last one */
    UNTIL_TYPE_0,  /* caches: until bits 0 to 4 of eax are 0 */
    UNTIL_LEVEL_0, /* topology: until bits 8 to 15 of ecx are 0 */
    STATES,        /* 32 components of extended state */
    UNKNOWN,
};

static enum subleaves subleaves_of(uint32_t leaf)
{
    switch (leaf) {
    case 4:
    case EXTENDED + 0x1d:
        return UNTIL_TYPE_0;
    case 7:
    case 0x14:
        return UNTIL_EAX;
    case 0xb:
    case 0x1f:
        return UNTIL_LEVEL_0;
    case 0xd:
        return STATES;
    case 0xf:
    case 0x10:
    case 0x12:
    case 0x17:
    case 0x18:
    case 0x1a:
    case 0x1b:
    case 0x1d:
    case 0x1e:
    case 0x20:
    case 0x23:
    case 0x24:
    case EXTENDED + 0x20:
    case EXTENDED + 0x26:
        return UNKNOWN;
    default:
        return NONE;
    }
}

static struct sidecar_cpuid ask(struct list *l, uint32_t leaf, uint32_t subleaf,
                                uint32_t mask)
{
    struct sidecar_cpuid e = {
        .leaf = leaf, .subleaf = subleaf, .subleaf_mask = mask, .more = 1};

    __cpuid_count(leaf, subleaf, e.eax, e.ebx, e.ecx, e.edx);
    l->entries = xgrow(l->entries, l->nr, &l->cap, sizeof(e));
    l->entries[l->nr++] = e;
    return e;
}

static bool is_last(enum subleaves kind, const struct sidecar_cpuid *e,
                    uint32_t last)
{
    switch (kind) {
    case UNTIL_EAX:
        return e->subleaf >= last;
    case UNTIL_TYPE_0:
        return (e->eax & 0x1f) == 0;
    case UNTIL_LEVEL_0:
        return (e->ecx >> 8 & 0xff) == 0;
    default:
        return e->subleaf >= 31;
    }
}

static void ask_subleaves(struct list *l, uint32_t leaf, enum subleaves kind)
{
    uint32_t last = 0;

    for (uint32_t i = 0; i < MAX_SUBLEAVES; i++) {
        struct sidecar_cpuid e = ask(l, leaf, i, UINT32_MAX);

        if (i == 0)
            last = e.eax;
        if (is_last(kind, &e, last))
            return;
    }
}

static void ask_range(struct list *l, uint32_t base)
{
    uint32_t last = ask(l, base, 0, 0).eax;

    for (uint32_t leaf = base + 1; leaf <= last && leaf < base + MAX_LEAVES;
         leaf++) {
        enum subleaves kind = subleaves_of(leaf);

        if (kind == NONE)
            ask(l, leaf, 0, 0);
        else if (kind != UNKNOWN)
            ask_subleaves(l, leaf, kind);
    }
}

uint32_t cpuid_collect(struct sidecar_cpuid **table)
{
    struct list l = {0};

    ask_range(&l, 0);
    ask_range(&l, EXTENDED);
    l.entries[l.nr - 1].more = 0;
    *table = l.entries;
    return (uint32_t)l.nr;
}
