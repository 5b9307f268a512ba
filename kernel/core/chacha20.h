/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ChaCha20 block function, RFC 8439 section 2.3.
 */
#ifndef EINKORN_KERNEL_CORE_CHACHA20_H
#define EINKORN_KERNEL_CORE_CHACHA20_H

#include <stdint.h>

enum { CHACHA20_KEY_BYTES = 32, CHACHA20_BLOCK_BYTES = 64 };

/* 64 bytes of key stream for this block counter. */
void chacha20_block(const uint32_t key[8], uint32_t counter,
                    const uint32_t nonce[3], uint32_t out[16]);

#endif
