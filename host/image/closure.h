/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The root file system of a single program: the program, its loader and
 * libraries, the Debian package that owns it with all that package depends
 * on, and the few files of /etc that every program may ask for.
 */
#ifndef EINKORN_HOST_IMAGE_CLOSURE_H
#define EINKORN_HOST_IMAGE_CLOSURE_H

#include <stdbool.h>
#include <stddef.h>

#include "host/common/err.h"
#include "host/image/scan.h"

struct closure {
    char **packages; /* names, in the order found; [0] owns the program */
    size_t nr_packages, cap_packages;
    size_t nr_libraries;
    bool wants_jit;
};

/* Fill the scan's tree for the ELF program at the link-free path `exe`, which
 * the user called `source`. Rules: docs/image-cache.md. */
int closure_of_elf(struct closure *c, struct scan *s, const char *source,
                   const char *exe, struct err *err);
void closure_free(struct closure *c);

#endif
