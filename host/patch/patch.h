/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Patching one ELF file: its executable segments with `syscall` sites turned
 * into jumps, and the trampolines that they jump to; in such a file `cpuid`
 * instructions, too.
 */
#ifndef EINKORN_HOST_PATCH_PATCH_H
#define EINKORN_HOST_PATCH_PATCH_H

#include <stddef.h>
#include <stdint.h>

#include "abi/sidecar.h"

/* What became of a site. */
enum patch_verdict {
    PATCH_DONE,
    PATCH_SIGRETURN, /* unwinders know its bytes */
    PATCH_BRANCH,    /* something may jump into the bytes to be replaced */
    PATCH_SHORT,     /* too few movable bytes around it */
    PATCH_UNCERTAIN, /* not reached from a known function start */
    PATCH_FLAGS,     /* cpuid: what follows wants the flags from before */
    PATCH_FAR,       /* trampolines out of reach of a 32-bit jump */
    PATCH_NR_VERDICTS
};

extern const char *const patch_verdict_text[PATCH_NR_VERDICTS];

struct patch_stats {
    uint64_t sites;
    uint64_t by_verdict[PATCH_NR_VERDICTS];
    uint64_t cpuid_sites, cpuid_patched;
};

/* One executable PT_LOAD with patched sites. Offsets in `abi` that point into
 * the sidecar file are set when it is written. */
struct patched_seg {
    struct sidecar_seg abi;
    uint8_t *text;
    uint8_t *tramp;
    struct sidecar_site *sites;
    struct sidecar_map *maps;
};

struct patched_elf {
    uint64_t len_bytes;
    uint64_t span_bytes;
    struct patched_seg *segs;
    uint32_t nr_segs;
};

/* Look through a file; adds to *stats. Returns how many segments were
 * patched; 0 also for what is no x86-64 ELF file. Free with patch_free. */
uint32_t patch_elf(struct patched_elf *out, const uint8_t *bytes,
                   uint64_t len_bytes, struct patch_stats *stats);
void patch_free(struct patched_elf *out);

#endif
