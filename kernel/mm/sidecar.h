/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Patched text (abi/sidecar.h): finds it for a file of the image and maps it
 * with its trampolines. The sidecar is checked once, by sidecar_init(); one
 * that is damaged is reported and not used.
 */
#ifndef EINKORN_KERNEL_MM_SIDECAR_H
#define EINKORN_KERNEL_MM_SIDECAR_H

#include <stddef.h>
#include <stdint.h>

struct sidecar_cpuid;

/* Called by mm_init(): check the tables; tell trampolines where CPUID's answers
 * are. */
void sidecar_init(void);
void sidecar_cpuid_init(void);
/* The table of CPUID's answers and how many entries it has, 0: none. */
uint32_t sidecar_cpuid_table(const struct sidecar_cpuid **table);

/* For backing_ops.map and .protect of a file whose data starts at image_off
 * in the image, when prot has PROT_EXEC: make [file_off, file_off+len) appear
 * at addr, patched wherever a whole patched segment lies inside and its
 * trampolines find room, else the original. image_off, file_off, addr and len
 * are page-aligned. 0 or -errno. */
int sidecar_map_exec(uint64_t image_off, uint64_t file_off, uint64_t addr,
                     size_t len_bytes, int prot);

/* For backing_ops.tail: address space to keep behind a mapping of len bytes
 * at file_off for the trampolines; 0 for most. */
size_t sidecar_tail(uint64_t image_off, uint64_t file_off, size_t len_bytes);

/* Trampolines of segment `seg`, whose text is at `text` (its anchor, as given
 * to mm_map_trampolines), are gone: the text gets its original bytes back, if
 * it is not longer than `len`. 0 or -errno. */
int sidecar_unpatch(uint32_t seg, uint64_t text, uint64_t len_bytes, int prot);

/* Address in the original text for pc, which is in the trampolines that belong
 * to segment `seg` at `text`. */
uint64_t sidecar_canonical(uint32_t seg, uint64_t text, uint64_t pc);

#endif
