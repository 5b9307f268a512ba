/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing what instances will map. What one write brings lies in one folio of
 * the host's page cache, if it is aligned and not too large, and a fault maps
 * the part of a folio around it in one step instead of page by page.
 */
#ifndef EINKORN_HOST_COMMON_PIECES_H
#define EINKORN_HOST_COMMON_PIECES_H

#include <stdint.h>

/* Of one write. Larger folios are harder to come by, and once a long write has
 * had to take a small one, so is all that follows in it. */
#define PIECE_BYTES (UINT64_C(256) << 10)

/* Writes all of it behind what is there, which is `off` bytes, in pieces that
 * end at multiples of PIECE_BYTES. 0, or -1 with errno. */
int pieces_write(int fd, const void *data, uint64_t len_bytes, uint64_t off);

#endif
