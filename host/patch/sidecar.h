/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making the sidecar (abi/sidecar.h) of an image: every ELF file in it is
 * looked through for `syscall` instructions, and those that can safely become
 * jumps do.
 */
#ifndef EINKORN_HOST_PATCH_SIDECAR_H
#define EINKORN_HOST_PATCH_SIDECAR_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "abi/sidecar.h"
#include "host/common/err.h"
#include "host/patch/patch.h"

struct sidecar {
    struct patched_elf *files; /* with at least one patched site */
    uint64_t *image_offs;
    size_t nr, cap, cap_offs;
    struct patch_stats total;
};

/* Look through one file of the image. Files come in ascending image_off;
 * name is for the report (NULL: none), one line for each file with sites. */
void sidecar_add(struct sidecar *s, uint64_t image_off, const uint8_t *bytes,
                 uint64_t len_bytes, const char *name, FILE *report);

/* Write the whole sidecar to an empty file. */
int sidecar_write(const struct sidecar *s, const uint8_t image_sha256[32],
                  int fd, struct err *err);

void sidecar_free(struct sidecar *s);

#endif
