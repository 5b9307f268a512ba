/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing JSON (RFC 8259), indented by four spaces. */
#ifndef EINKORN_HOST_COMMON_JSON_H
#define EINKORN_HOST_COMMON_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
    FILE *out;
    int depth;
    bool has_item; /* at this depth: a comma comes before the next */
};

/* `key` is NULL inside an array and at the top. Bytes that are not UTF-8 are
 * written as U+FFFD. */
void json_begin(struct json *j, const char *key, char bracket); /* { or [ */
void json_end(struct json *j, char bracket);                    /* } or ] */
void json_str(struct json *j, const char *key, const char *value);
void json_int(struct json *j, const char *key, int64_t value);
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);

#endif
