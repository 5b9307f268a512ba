/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /etc/ld.so.cache, the index of libraries that ldconfig(8) makes.
 */
#ifndef EINKORN_HOST_IMAGE_LDCACHE_H
#define EINKORN_HOST_IMAGE_LDCACHE_H

#include <stddef.h>
#include <stdint.h>

struct ldcache {
    const uint8_t *bytes; /* NULL: there is none that we understand */
    size_t len_bytes;
    size_t base; /* of the part in the current format */
    uint32_t nr;
};

void ldcache_open(struct ldcache *c, const char *path);
void ldcache_close(struct ldcache *c);

/* The path of the next x86-64 library of that name: start with *cursor = 0.
 * NULL when there are no more. */
const char *ldcache_next(const struct ldcache *c, const char *name,
                         uint32_t *cursor);

#endif
