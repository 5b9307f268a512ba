/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts packed behind one another: see room.h. */
#include "host/common/room.h"

#include "host/common/xalloc.h"

/* Holds all of a start as a rule: a record and a configuration may have 2 and
 * 1 MiB. What is not touched costs nothing. */
static char space[4u << 20];
static size_t used;

char *room(size_t max_bytes)
{
    if (max_bytes > sizeof(space) - used)
        return xmalloc(max_bytes);
    return space + used;
}

char *room_keep(char *text, size_t used_bytes)
{
    if (text == space + used)
        used += used_bytes;
    return text;
}
