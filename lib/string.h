/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The C library's memory and string functions that freestanding code needs,
 * with C11's contracts (7.24). Compilers emit calls to the first four.
 */
#ifndef EINKORN_LIB_STRING_H
#define EINKORN_LIB_STRING_H

#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t len_bytes);
void *memmove(void *dst, const void *src, size_t len_bytes);
void *memset(void *dst, int byte, size_t len_bytes);
int memcmp(const void *a, const void *b, size_t len_bytes);
void *memchr(const void *mem, int byte, size_t len_bytes);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *needle);
/* BSD's: copies what fits, always ends with NUL, returns strlen(src). */
size_t strlcpy(char *dst, const char *src, size_t size_bytes);
/* Decimal or, after "0x", hexadecimal; stops at the first other character. */
unsigned long long str_to_u64(const char *s, const char **end);

/* Freestanding compilers know nothing of these: told that they are the usual
 * ones, they make a few moves of a copy whose length they know. */
#if !__STDC_HOSTED__
#define memcpy __builtin_memcpy
#define memmove __builtin_memmove
#define memset __builtin_memset
#define memcmp __builtin_memcmp
#define strlen __builtin_strlen
#endif

#endif
