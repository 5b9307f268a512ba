/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding shared libraries as the program's own loader will: ld.so(8) of
 * glibc, or musl's. LD_LIBRARY_PATH is not looked at: an image must not
 * depend on who builds it.
 */
#ifndef EINKORN_HOST_IMAGE_LDSO_H
#define EINKORN_HOST_IMAGE_LDSO_H

#include "host/common/err.h"
#include "host/image/elf_file.h"

struct ldso_object {
    char *path; /* as the loader would open it */
    char *name; /* as it was asked for */
    struct elf_file elf;
    const struct ldso_object *loader; /* who asked first; NULL: program */
};

struct ldso_closure {
    struct ldso_object **objects; /* [0] is the program */
    size_t nr, cap;
    char **variants; /* the same libraries for better processors */
    size_t nr_variants, cap_variants;
    bool is_musl;
    char *missing; /* the library that failed, and who needs it */
    char *missing_for;
};

/* The program at `path` and all libraries that it loads at start, in loading
 * order. False if one is missing (then missing and missing_for name it) or
 * the program cannot be read. */
bool ldso_closure(struct ldso_closure *c, const char *path);
void ldso_free(struct ldso_closure *c);

#endif
