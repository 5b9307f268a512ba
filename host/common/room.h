/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where texts of unknown length are put together that stay to the end, packed
 * behind one another: each page that a start touches costs it 1 to 2 us, so an
 * array of PATH_MAX for each path would be dear.
 */
#ifndef EINKORN_HOST_COMMON_ROOM_H
#define EINKORN_HOST_COMMON_ROOM_H

#include <stddef.h>

/* At least max_bytes, contents undefined, the caller's until room() is called
 * again; what room_keep() is told stays. Ends the process without memory. */
char *room(size_t max_bytes);

/* The first used_bytes of what room() gave last are to stay; returns text. */
char *room_keep(char *text, size_t used_bytes);

#endif
