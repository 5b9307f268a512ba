/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks of NUL-terminated "key=value" strings ended by an empty one: the
 * format of abi/config.h, used for instance records as well.
 */
#ifndef EINKORN_HOST_COMMON_STRINGS_H
#define EINKORN_HOST_COMMON_STRINGS_H

#include <stdbool.h>
#include <stddef.h>

struct strings {
    char *data;
    size_t len_bytes; /* without the final empty string */
    size_t cap_bytes;
    bool overflow; /* something did not fit: the block is unusable */
};

/* The buffer stays the caller's. */
void strings_init(struct strings *s, char *buffer, size_t cap_bytes);

void strings_add(struct strings *s, const char *key, const char *value);
void strings_addf(struct strings *s, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Appends the final empty string; returns the length with it, 0 when
 * something did not fit. */
size_t strings_end(struct strings *s);

/* The value of the next `key` behind `after` (NULL: the first), or NULL. The
 * block must end with two NULs (see strings_valid). */
const char *strings_next(const char *block, const char *key, const char *after);

/* The value of the first `key`, or "". */
const char *strings_get(const char *block, const char *key);

/* Is it a block of exactly this form? */
bool strings_valid(const char *block, size_t len_bytes);

#endif
