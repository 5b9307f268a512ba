/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing the one boot module of a virtual machine (abi/bundle.h). */
#ifndef EINKORN_HOST_INSTANCE_BUNDLE_H
#define EINKORN_HOST_INSTANCE_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/instance/image.h"

struct bundle {
    const struct dirs *dirs; /* where kernel.elf is */
    const struct image *image;
    const char *config; /* abi/config.h strings */
    size_t config_len;
    uint64_t flags;     /* bundle_flags() */
    bool for_one_start; /* with the time and a seed of now */
};

uint64_t bundle_flags(const struct spec *spec);

/* Writes it to an empty file; returns its length, or -1. */
int64_t bundle_write(const struct bundle *bundle, int fd, struct err *err);

#endif
