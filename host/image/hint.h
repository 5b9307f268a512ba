/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which Debian package would bring a missing library.
 */
#ifndef EINKORN_HOST_IMAGE_HINT_H
#define EINKORN_HOST_IMAGE_HINT_H

#include <stddef.h>

/* A clause such as "apt install libfoo1 brings it", or what is known instead.
 * Asks dpkg's lists for an installed package with a file of that name, then
 * apt-cache for packages named after the library by Debian's naming rule
 * (Policy 8.1: libfoo.so.1 is in libfoo1, libfoo2.so.1 in libfoo2-1). */
void hint_library(const char *soname, char *out, size_t len_bytes);

/* The package names that the rule gives for a library: up to 3, each shorter
 * than 128 bytes. Returns how many. */
int hint_names(const char *soname, char names[3][128]);

#endif
