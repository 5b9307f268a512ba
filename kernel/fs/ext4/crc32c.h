/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CRC-32C (Castagnoli, polynomial 0x1edc6f41 reflected), as ext4 uses it: no
 * inversion at either end.
 */
#ifndef EINKORN_KERNEL_FS_EXT4_CRC32C_H
#define EINKORN_KERNEL_FS_EXT4_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Makes the tables; once, before the first use. */
void crc32c_init(void);
uint32_t crc32c(uint32_t crc, const void *data, size_t len_bytes);

#endif
