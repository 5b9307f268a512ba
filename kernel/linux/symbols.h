/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions' names in ELF files of the program (System V ABI, "Symbol
 * table"): .symtab, or .dynsym in stripped files. For crash reports. */
#ifndef EINKORN_KERNEL_LINUX_SYMBOLS_H
#define EINKORN_KERNEL_LINUX_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

/* Which function the file's byte at off belongs to: its name, and the distance
 * from its start in *delta. 0, -ENOENT if none is known, or another -errno. */
int symbol_find(const char *path, uint64_t off, char *name, size_t size_bytes,
                uint64_t *delta);

#endif
