/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory and string functions for freestanding code. Bulk copies use `rep
 * movsq`, which processors run at full width without touching vector
 * registers (and emulators eight times faster than `rep movsb`); short ones
 * avoid its start-up cost.
 */
#include "lib/string.h"

#include <stdint.h>

#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen

enum { REP_MIN = 128 };

typedef uint64_t __attribute__((may_alias, aligned(1))) word;

static void copy_up(char *d, const char *s, size_t len)
{
    for (; len >= 8; d += 8, s += 8, len -= 8)
        *(word *)d = *(const word *)s;
    while (len--)
        *d++ = *s++;
}

static void copy_bulk(void *dst, const void *src, size_t len)
{
    size_t nr_words = len / 8;

    __asm__ volatile("rep movsq"
                     : "+D"(dst), "+S"(src), "+c"(nr_words)::"memory");
    copy_up(dst, src, len % 8);
}

static void copy_down(char *d, const char *s, size_t len)
{
    for (; len >= 8; len -= 8)
        *(word *)(d + len - 8) = *(const word *)(s + len - 8);
    while (len--)
        d[len] = s[len];
}

void *memcpy(void *restrict dst, const void *restrict src, size_t len_bytes)
{
    if (len_bytes >= REP_MIN)
        copy_bulk(dst, src, len_bytes);
    else
        copy_up(dst, src, len_bytes);
    return dst;
}

void *memmove(void *dst, const void *src, size_t len_bytes)
{
    if ((uintptr_t)dst - (uintptr_t)src >= len_bytes)
        return memcpy(dst, src, len_bytes);
    copy_down(dst, src, len_bytes);
    return dst;
}

void *memset(void *dst, int byte, size_t len_bytes)
{
    void *d = dst;
    uint64_t pattern = (unsigned char)byte * UINT64_C(0x0101010101010101);
    size_t nr_words = len_bytes / 8;
    char *tail;

    __asm__ volatile("rep stosq"
                     : "+D"(d), "+c"(nr_words)
                     : "a"(pattern)
                     : "memory");
    tail = d;
    for (len_bytes %= 8; len_bytes; len_bytes--)
        *tail++ = (char)byte;
    return dst;
}

int memcmp(const void *a, const void *b, size_t len_bytes)
{
    const unsigned char *x = a, *y = b;

    for (; len_bytes >= 8 && *(const word *)x == *(const word *)y;
         len_bytes -= 8)
        x += 8, y += 8;
    for (; len_bytes; len_bytes--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

void *memchr(const void *mem, int byte, size_t len_bytes)
{
    const unsigned char *m = mem;

    for (; len_bytes; len_bytes--, m++)
        if (*m == (unsigned char)byte)
            return (void *)(uintptr_t)m;
    return NULL;
}

size_t strlen(const char *s)
{
    const char *e = s;

    while (*e)
        e++;
    return (size_t)(e - s);
}

size_t strnlen(const char *s, size_t max)
{
    size_t n = 0;

    while (n < max && s[n])
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t max)
{
    while (max && *a && *a == *b)
        a++, b++, max--;
    return max ? (unsigned char)*a - (unsigned char)*b : 0;
}

char *strchr(const char *s, int c)
{
    for (; *s != (char)c; s++)
        if (!*s)
            return NULL;
    return (char *)(uintptr_t)s;
}

char *strrchr(const char *s, int c)
{
    const char *found = NULL;

    do {
        if (*s == (char)c)
            found = s;
    } while (*s++);
    return (char *)(uintptr_t)found;
}

char *strstr(const char *s, const char *needle)
{
    size_t len = strlen(needle);

    for (; *s || !len; s++)
        if (strncmp(s, needle, len) == 0)
            return (char *)(uintptr_t)s;
    return NULL;
}

size_t strlcpy(char *dst, const char *src, size_t size_bytes)
{
    size_t len = strlen(src);

    if (size_bytes) {
        size_t n = len < size_bytes ? len : size_bytes - 1;

        memcpy(dst, src, n);
        dst[n] = 0;
    }
    return len;
}

unsigned long long str_to_u64(const char *s, const char **end)
{
    unsigned base = s[0] == '0' && (s[1] == 'x' || s[1] == 'X') ? 16 : 10;
    unsigned long long value = 0;

    for (s += base == 16 ? 2 : 0;; s++) {
        unsigned digit = *s >= '0' && *s <= '9'   ? (unsigned)(*s - '0')
                         : *s >= 'a' && *s <= 'f' ? (unsigned)(*s - 'a' + 10)
                         : *s >= 'A' && *s <= 'F' ? (unsigned)(*s - 'A' + 10)
                                                  : 99;
        if (digit >= base)
            break;
        value = value * base + digit;
    }
    if (end)
        *end = s;
    return value;
}
