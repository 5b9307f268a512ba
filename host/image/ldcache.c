/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /etc/ld.so.cache; see ldcache.h. Format "glibc-ld.so.cache1.1": a header of
 * 48 bytes, entries of 24 bytes, then strings; offsets count from the header.
 */
#include "host/image/ldcache.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "glibc-ld.so.cache1.1"

enum { HEADER = 48, ENTRY = 24, FLAGS_X86_64_LIBC6 = 0x0303 };

static uint32_t get32(const struct ldcache *c, size_t off)
{
    uint32_t v = 0;

    memcpy(&v, c->bytes + off, sizeof(v));
    return v;
}

void ldcache_close(struct ldcache *c)
{
    if (c->bytes)
        munmap((void *)(uintptr_t)c->bytes, c->len_bytes);
    *c = (struct ldcache){0};
}

static void map(struct ldcache *c, int fd)
{
    struct stat st;
    void *p;

    if (fstat(fd, &st) < 0 || st.st_size < HEADER)
        return;
    p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return;
    c->bytes = p;
    c->len_bytes = (size_t)st.st_size;
}

void ldcache_open(struct ldcache *c, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    const uint8_t *magic;

    *c = (struct ldcache){0};
    if (fd < 0)
        return;
    map(c, fd);
    close(fd);
    if (!c->bytes)
        return;
    /* The current part may stand behind one in the old format. */
    magic = memmem(c->bytes, c->len_bytes, MAGIC, strlen(MAGIC));
    c->base = magic ? (size_t)(magic - c->bytes) : c->len_bytes;
    if (c->len_bytes - c->base < HEADER) {
        ldcache_close(c);
        return;
    }
    c->nr = get32(c, c->base + 20);
    if (c->nr > (c->len_bytes - c->base - HEADER) / ENTRY)
        ldcache_close(c);
}

static const char *string_at(const struct ldcache *c, uint32_t off)
{
    size_t at = c->base + off;

    if (at >= c->len_bytes || !memchr(c->bytes + at, 0, c->len_bytes - at))
        return "";
    return (const char *)c->bytes + at;
}

const char *ldcache_next(const struct ldcache *c, const char *name,
                         uint32_t *cursor)
{
    while (*cursor < c->nr) {
        size_t entry = c->base + HEADER + (size_t)(*cursor)++ * ENTRY;

        if (get32(c, entry) == FLAGS_X86_64_LIBC6 &&
            strcmp(string_at(c, get32(c, entry + 4)), name) == 0)
            return string_at(c, get32(c, entry + 8));
    }
    return NULL;
}
