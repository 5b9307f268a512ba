/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/mac.h"

#include "lib/string.h"

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int mac_parse(const char *text, uint8_t mac[MAC_BYTES])
{
    if (strlen(text) != 3 * MAC_BYTES - 1)
        return 0;
    for (int i = 0; i < MAC_BYTES; i++, text += 3) {
        int high = hex(text[0]), low = hex(text[1]);

        if (high < 0 || low < 0 || (i < MAC_BYTES - 1 && text[2] != ':'))
            return 0;
        mac[i] = (uint8_t)(high * 16 + low);
    }
    return 1;
}
