/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing JSON: see json.h. */
#include "host/common/json.h"

#include <inttypes.h>
#include <stddef.h>

/* Length of the UTF-8 sequence at p (RFC 3629), or 0 if it is none. */
static size_t utf8_len(const unsigned char *p)
{
    size_t len;

    if (p[0] < 0x80) {
        return 1;
    }
    len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || (p[0] == 0xe0 && p[1] < 0xa0) ||
        (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
        (p[0] == 0xf4 && p[1] > 0x8f)) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return len;
}

static void quote(FILE *out, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;

    fputc('"', out);
    while (*p != '\0') {
        size_t len = utf8_len(p);

        if (len == 0) {
            fputs("\\ufffd", out);
            p++;
            continue;
        }
        if (*p == '"' || *p == '\\') {
            fprintf(out, "\\%c", *p);
        } else if (*p < 0x20 || *p == 0x7f) {
            fprintf(out, "\\u%04x", *p);
        } else {
            fwrite(p, 1, len, out);
        }
        p += len;
    }
    fputc('"', out);
}

static void item(struct json *j, const char *key)
{
    if (j->has_item) {
        fputc(',', j->out);
    }
    if (j->depth > 0) {
        fprintf(j->out, "\n%*s", 4 * j->depth, "");
    }
    if (key != NULL) {
        quote(j->out, key);
        fputs(": ", j->out);
    }
    j->has_item = true;
}

void json_begin(struct json *j, const char *key, char bracket)
{
    item(j, key);
    fputc(bracket, j->out);
    j->depth++;
    j->has_item = false;
}

void json_end(struct json *j, char bracket)
{
    j->depth--;
    if (j->has_item) {
        fprintf(j->out, "\n%*s", 4 * j->depth, "");
    }
    fputc(bracket, j->out);
    if (j->depth == 0) {
        fputc('\n', j->out);
    }
    j->has_item = true;
}

void json_str(struct json *j, const char *key, const char *value)
{
    item(j, key);
    quote(j->out, value);
}

void json_int(struct json *j, const char *key, int64_t value)
{
    item(j, key);
    fprintf(j->out, "%" PRId64, value);
}

void json_bool(struct json *j, const char *key, bool value)
{
    item(j, key);
    fputs(value ? "true" : "false", j->out);
}

void json_null(struct json *j, const char *key)
{
    item(j, key);
    fputs("null", j->out);
}
