/* SPDX-License-Identifier: BSD-2-Clause */
/* One line that holds until the next boot of the host, RUN/NAME. */
#ifndef EINKORN_HOST_INSTANCE_BOOT_CACHE_H
#define EINKORN_HOST_INSTANCE_BOOT_CACHE_H

#include <stddef.h>

enum { BOOT_CACHE_MAX = 160 };

/* The line without its end, into out; -1: there is none of this boot. */
int boot_cache_read(const char *run_dir, const char *name,
                    char out[BOOT_CACHE_MAX]);

/* Keeps the line, or not: then it is found out again next time. */
void boot_cache_write(const char *run_dir, const char *name, const char *line);

#endif
