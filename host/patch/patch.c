/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Patching one ELF file; see patch.h.
 */
#include "host/patch/patch.h"

#include <stdlib.h>

const char *const patch_verdict_text[PATCH_NR_VERDICTS] = {
    [PATCH_DONE] = "patched",          [PATCH_SIGRETURN] = "sigreturn",
    [PATCH_BRANCH] = "branch into it", [PATCH_SHORT] = "too short",
    [PATCH_UNCERTAIN] = "uncertain",   [PATCH_FAR] = "too far",
};

uint32_t patch_elf(struct patched_elf *out, const uint8_t *bytes,
                   uint64_t len_bytes, struct patch_stats *stats)
{
    (void)bytes;
    (void)stats;
    *out = (struct patched_elf){.len_bytes = len_bytes};
    return 0;
}

void patch_free(struct patched_elf *out)
{
    for (uint32_t i = 0; i < out->nr_segs; i++) {
        free(out->segs[i].text);
        free(out->segs[i].tramp);
        free(out->segs[i].sites);
        free(out->segs[i].maps);
    }
    free(out->segs);
    *out = (struct patched_elf){0};
}
