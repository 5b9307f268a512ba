/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks of "key=value" strings: see strings.h. */
#include "host/common/strings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void strings_init(struct strings *s, char *buffer, size_t cap_bytes)
{
    s->data = buffer;
    s->len_bytes = 0;
    s->cap_bytes = cap_bytes;
    s->overflow = false;
}

void strings_add(struct strings *s, const char *key, const char *value)
{
    size_t key_len = strlen(key), value_len = strlen(value);

    /* Two more than `key=value`: its NUL and the block's. */
    if (s->overflow || key_len + value_len + 3 > s->cap_bytes - s->len_bytes) {
        s->overflow = true;
        return;
    }
    memcpy(s->data + s->len_bytes, key, key_len);
    s->len_bytes += key_len;
    s->data[s->len_bytes++] = '=';
    memcpy(s->data + s->len_bytes, value, value_len + 1);
    s->len_bytes += value_len + 1;
}

void strings_addf(struct strings *s, const char *key, const char *format, ...)
{
    size_t room;
    va_list args;
    int len;

    strings_add(s, key, "");
    if (s->overflow) {
        return;
    }
    /* In place of its NUL; the block's has its room still. */
    room = s->cap_bytes - s->len_bytes;
    va_start(args, format);
    len = vsnprintf(s->data + s->len_bytes - 1, room, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= room) {
        s->overflow = true;
        return;
    }
    s->len_bytes += (size_t)len;
}

size_t strings_end(struct strings *s)
{
    if (s->overflow || s->len_bytes + 1 > s->cap_bytes) {
        return 0;
    }
    s->data[s->len_bytes] = '\0';
    return s->len_bytes + 1;
}

const char *strings_next(const char *block, const char *key, const char *after)
{
    const char *at = after == NULL ? block : after + strlen(after) + 1;
    size_t key_len = strlen(key);

    for (; *at != '\0'; at += strlen(at) + 1) {
        if (strncmp(at, key, key_len) == 0 && at[key_len] == '=') {
            return at + key_len + 1;
        }
    }
    return NULL;
}

const char *strings_get(const char *block, const char *key)
{
    const char *value = strings_next(block, key, NULL);

    return value == NULL ? "" : value;
}

bool strings_valid(const char *block, size_t len_bytes)
{
    if (len_bytes == 1) {
        return block[0] == '\0';
    }
    return len_bytes >= 2 && block[0] != '\0' && block[len_bytes - 1] == '\0' &&
           block[len_bytes - 2] == '\0' &&
           memmem(block, len_bytes - 2, "\0\0", 2) == NULL;
}
