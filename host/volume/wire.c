/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields of 9P messages: see wire.h. */
#include "host/volume/wire.h"

#include <stdlib.h>
#include <string.h>

static uint64_t get(struct wire_in *in, unsigned int nr_bytes)
{
    uint64_t v = 0;

    if ((size_t)(in->end - in->at) < nr_bytes) {
        in->bad = true;
        in->at = in->end;
        return 0;
    }
    for (unsigned int i = 0; i < nr_bytes; i++) {
        v |= (uint64_t)*in->at++ << (8 * i);
    }
    return v;
}

uint8_t wire_get8(struct wire_in *in)
{
    return (uint8_t)get(in, 1);
}

uint16_t wire_get16(struct wire_in *in)
{
    return (uint16_t)get(in, 2);
}

uint32_t wire_get32(struct wire_in *in)
{
    return (uint32_t)get(in, 4);
}

uint64_t wire_get64(struct wire_in *in)
{
    return get(in, 8);
}

void wire_get_str(struct wire_in *in, char *out, size_t cap)
{
    size_t len = wire_get16(in);

    out[0] = '\0';
    if (in->bad || len >= cap || (size_t)(in->end - in->at) < len ||
        memchr(in->at, '\0', len) != NULL) {
        in->bad = true;
        return;
    }
    memcpy(out, in->at, len);
    out[len] = '\0';
    in->at += len;
}

void wire_get_name(struct wire_in *in, char out[WIRE_NAME_MAX + 1])
{
    wire_get_str(in, out, WIRE_NAME_MAX + 1);
    if (out[0] == '\0' || strchr(out, '/') != NULL || strcmp(out, ".") == 0 ||
        strcmp(out, "..") == 0) {
        in->bad = true;
    }
}

static void put(struct wire_out *out, uint64_t v, unsigned int nr_bytes)
{
    if (out->cap - out->len < nr_bytes) {
        abort();
    }
    for (unsigned int i = 0; i < nr_bytes; i++) {
        out->base[out->len++] = (uint8_t)(v >> (8 * i));
    }
}

void wire_put8(struct wire_out *out, uint8_t v)
{
    put(out, v, 1);
}

void wire_put16(struct wire_out *out, uint16_t v)
{
    put(out, v, 2);
}

void wire_put32(struct wire_out *out, uint32_t v)
{
    put(out, v, 4);
}

void wire_put64(struct wire_out *out, uint64_t v)
{
    put(out, v, 8);
}

void wire_put_str(struct wire_out *out, const char *text)
{
    size_t len = strlen(text);

    if (len > UINT16_MAX || out->cap - out->len < len + 2) {
        abort();
    }
    put(out, len, 2);
    memcpy(out->base + out->len, text, len);
    out->len += len;
}
