/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Allocation that ends the process when there is no memory: host tools hold
 * nothing that a clean-up would save.
 */
#ifndef EINKORN_HOST_COMMON_XALLOC_H
#define EINKORN_HOST_COMMON_XALLOC_H

#include <stddef.h>

void *xmalloc(size_t len_bytes);
void *xcalloc(size_t count, size_t size_bytes);
void *xreallocarray(void *p, size_t count, size_t size_bytes);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len_bytes);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Room for one more in an array of `count` elements: grows by doubling. */
void *xgrow(void *array, size_t count, size_t *capacity, size_t size_bytes);

#endif
