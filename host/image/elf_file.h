/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the image builder wants to know of an ELF file: its loader, the
 * libraries that it asks for and where it wants them looked for.
 */
#ifndef EINKORN_HOST_IMAGE_ELF_FILE_H
#define EINKORN_HOST_IMAGE_ELF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/elf.h"

struct elf_file {
    const uint8_t *bytes; /* the mapped file */
    size_t len_bytes;
    const char *interp;  /* NULL: static */
    const char *rpath;   /* NULL: none; colon-separated */
    const char *runpath; /* NULL: none */
    bool no_default_dirs;
    bool wants_jit;      /* executable stack, or a segment both W and X */
    const char **needed; /* nr_needed names; strings lie in the mapping */
    size_t nr_needed, max_needed;
};

/* Only map it; false with errno if that fails. */
bool elf_file_map(struct elf_file *f, const char *path);

/* Map and read a file. If it cannot be loaded: false, with an enum elf_reason,
 * or -1 and errno if it could not even be read. */
bool elf_file_open(struct elf_file *f, const char *path, int *reason);
void elf_file_close(struct elf_file *f);

#endif
