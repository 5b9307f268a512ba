/* SPDX-License-Identifier: BSD-2-Clause */
/* Checked strings: see wire.h. */
#include "host/volume/wire.h"

#include <string.h>

void wire_get_str(struct p9_msg *in, char *out, size_t cap)
{
    size_t len;
    const char *text = p9_get_str(in, &len);

    out[0] = '\0';
    if (text == NULL || len >= cap || memchr(text, '\0', len) != NULL) {
        in->bad = true;
        return;
    }
    memcpy(out, text, len);
    out[len] = '\0';
}

void wire_get_name(struct p9_msg *in, char out[WIRE_NAME_MAX + 1])
{
    wire_get_str(in, out, WIRE_NAME_MAX + 1);
    if (out[0] == '\0' || strchr(out, '/') != NULL || strcmp(out, ".") == 0 ||
        strcmp(out, "..") == 0) {
        in->bad = true;
    }
}

void wire_put_str(struct p9_msg *out, const char *text)
{
    p9_put_str(out, text, strlen(text));
}
