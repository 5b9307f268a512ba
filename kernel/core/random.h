/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random bytes: ChaCha20 (RFC 8439) with fast key erasure, seeded from the
 * platform, re-seeded now and then. Never blocks.
 */
#ifndef EINKORN_KERNEL_CORE_RANDOM_H
#define EINKORN_KERNEL_CORE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void random_init(void);
void random_bytes(void *buf, size_t len_bytes);
uint64_t random_u64(void);

#endif
