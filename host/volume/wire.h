/* SPDX-License-Identifier: BSD-2-Clause */
/* Strings of 9P messages as the server wants them: copied once, and checked. */
#ifndef EINKORN_HOST_VOLUME_WIRE_H
#define EINKORN_HOST_VOLUME_WIRE_H

#include "lib/ninep.h"

enum { WIRE_NAME_MAX = 255, WIRE_PATH_MAX = 4096 };

/* Copies a string without NUL bytes, shorter than cap, and ends it; else the
 * message is bad. */
void wire_get_str(struct p9_msg *in, char *out, size_t cap);
/* The same, but it must be one name of a directory entry: not empty, no
 * slash, neither . nor .. */
void wire_get_name(struct p9_msg *in, char out[WIRE_NAME_MAX + 1]);
void wire_put_str(struct p9_msg *out, const char *text);

#endif
