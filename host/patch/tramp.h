/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing trampolines: the code that a patched site jumps to. Their shape is
 * part of abi/sidecar.h.
 */
#ifndef EINKORN_HOST_PATCH_TRAMP_H
#define EINKORN_HOST_PATCH_TRAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/sidecar.h"
#include "host/patch/code.h"
#include "host/patch/site.h"

/* The trampolines of one segment under construction. */
struct tramp {
    uint64_t base; /* address of the first byte */
    uint64_t seg;  /* address of the segment's first page */
    uint8_t *bytes;
    size_t len_bytes, cap_bytes;
    struct sidecar_map *maps;
    size_t nr_maps, cap_maps;
};

/* Append the trampoline of a site. Gives its address and, if instructions
 * behind the call moved, the offset of where it comes back to (else
 * UINT32_MAX). False if something is out of a 32-bit displacement's reach;
 * then nothing was appended. */
bool tramp_add(struct tramp *t, const struct code *c, const struct site *site,
               uint64_t *vaddr, uint32_t *return_off);

/* Fill up to a whole page with breakpoints. */
void tramp_finish(struct tramp *t);

/* A jump of 5 bytes at `from` to `to`; false if it is too far. */
bool tramp_put_jump(uint8_t *p, uint64_t from, uint64_t to);

#endif
