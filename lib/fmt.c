/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatting into a bounded buffer. One pass; each directive is parsed into a
 * struct spec and then printed by kind.
 */
#include "lib/fmt.h"

#include <stdbool.h>
#include <stdint.h>

#include "lib/string.h"

struct out {
    char *buf;
    size_t size, len;
};

struct spec {
    bool zero, left, plus, space, alt, upper;
    int width, precision; /* precision -1: none */
    int length;           /* -2 hh, -1 h, 0, 1 l and wider */
};

static void put(struct out *o, char c)
{
    if (o->len + 1 < o->size)
        o->buf[o->len] = c;
    o->len++;
}

static void pad(struct out *o, char c, int n)
{
    while (n-- > 0)
        put(o, c);
}

static void put_text(struct out *o, const struct spec *s, const char *text)
{
    size_t max = s->precision >= 0 ? (size_t)s->precision : SIZE_MAX;
    size_t len = strnlen(text ? text : "(null)", max);

    text = text ? text : "(null)";
    if (!s->left)
        pad(o, ' ', s->width - (int)len);
    for (size_t i = 0; i < len; i++)
        /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): is set */
        put(o, text[i]);
    if (s->left)
        pad(o, ' ', s->width - (int)len);
}

static void put_number(struct out *o, const struct spec *s, uint64_t value,
                       unsigned base, const char *prefix)
{
    const char *set = s->upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char digits[24];
    int n = 0, zeros = 0, used;

    do {
        digits[n++] = set[value % base];
        value /= base;
    } while (value);
    if (s->precision > n)
        zeros = s->precision - n;
    used = n + zeros + (int)strlen(prefix);
    if (s->zero && !s->left && s->precision < 0 && s->width > used) {
        zeros += s->width - used;
        used = s->width;
    }
    if (!s->left)
        pad(o, ' ', s->width - used);
    while (*prefix)
        put(o, *prefix++);
    pad(o, '0', zeros);
    while (n)
        put(o, digits[--n]);
    if (s->left)
        pad(o, ' ', s->width - used);
}

static const char *parse_flags(const char *f, struct spec *s)
{
    for (;; f++) {
        if (*f == '0')
            s->zero = true;
        else if (*f == '-')
            s->left = true;
        else if (*f == '+')
            s->plus = true;
        else if (*f == ' ')
            s->space = true;
        else if (*f == '#')
            s->alt = true;
        else
            return f;
    }
}

static const char *parse_length(const char *f, struct spec *s)
{
    for (;; f++) {
        if (*f == 'h')
            s->length--;
        else if (*f == 'l' || *f == 'z' || *f == 't' || *f == 'j')
            s->length++;
        else
            return f;
    }
}

static int64_t signed_arg(const struct spec *s, va_list *ap)
{
    if (s->length > 0)
        return va_arg(*ap, int64_t);
    return s->length == 0    ? va_arg(*ap, int)
           : s->length == -1 ? (short)va_arg(*ap, int)
                             : (signed char)va_arg(*ap, int);
}

static uint64_t unsigned_arg(const struct spec *s, va_list *ap)
{
    if (s->length > 0)
        return va_arg(*ap, uint64_t);
    return s->length == 0    ? va_arg(*ap, unsigned)
           : s->length == -1 ? (unsigned short)va_arg(*ap, unsigned)
                             : (unsigned char)va_arg(*ap, unsigned);
}

static void put_signed(struct out *o, const struct spec *s, int64_t v)
{
    const char *sign = v < 0 ? "-" : s->plus ? "+" : s->space ? " " : "";

    put_number(o, s, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, sign);
}

static void convert(struct out *o, struct spec *s, char c, va_list *ap)
{
    char text[2] = {0, 0};

    s->upper = c == 'X';
    if (c == 'd' || c == 'i')
        put_signed(o, s, signed_arg(s, ap));
    else if (c == 'u')
        put_number(o, s, unsigned_arg(s, ap), 10, "");
    else if (c == 'o')
        put_number(o, s, unsigned_arg(s, ap), 8, s->alt ? "0" : "");
    else if (c == 'x' || c == 'X')
        put_number(o, s, unsigned_arg(s, ap), 16, s->alt ? "0x" : "");
    else if (c == 'p')
        put_number(o, s, (uintptr_t)va_arg(*ap, void *), 16, "0x");
    else if (c == 's')
        put_text(o, s, va_arg(*ap, const char *));
    else {
        text[0] = c == 'c' ? (char)va_arg(*ap, int) : c;
        put_text(o, s, text);
    }
}

static int number(const char **f, va_list *ap)
{
    int n = 0;

    if (**f == '*') {
        (*f)++;
        return va_arg(*ap, int);
    }
    while (**f >= '0' && **f <= '9')
        n = n * 10 + *(*f)++ - '0';
    return n;
}

int vsnprintf(char *buf, size_t size_bytes, const char *fmt, va_list ap)
{
    struct out o = {buf, size_bytes, 0};
    va_list args;

    va_copy(args, ap);
    for (const char *f = fmt; *f; f++) {
        struct spec s = {.precision = -1};

        if (*f != '%') {
            put(&o, *f);
            continue;
        }
        f = parse_flags(f + 1, &s);
        s.width = number(&f, &args);
        if (s.width < 0) {
            s.left = true;
            s.width = -s.width;
        }
        if (*f == '.') {
            f++;
            s.precision = number(&f, &args);
        }
        f = parse_length(f, &s);
        if (!*f)
            break;
        convert(&o, &s, *f, &args);
    }
    va_end(args);
    if (size_bytes)
        buf[o.len < size_bytes ? o.len : size_bytes - 1] = 0;
    return (int)o.len;
}

int snprintf(char *buf, size_t size_bytes, const char *fmt, ...)
{
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vsnprintf(buf, size_bytes, fmt, ap);
    va_end(ap);
    return len;
}
