/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration on the boot loader's command line: each word
 * "einkorn.KEY=VALUE" is one string "KEY=VALUE" (abi/config.h).
 */
#include "kernel/platform/vm/ring3/ring3.h"
#include "lib/string.h"

static const char prefix[] = "einkorn.";
enum { PREFIX_LEN = sizeof(prefix) - 1 };

/* The next such word's text behind the prefix, or NULL. Stores its length. */
static const char *next_word(const char *at, uint64_t *len)
{
    for (; *at; at += *at == ' ') {
        const char *end = strchr(at, ' ');
        uint64_t n = end ? (uint64_t)(end - at) : strlen(at);

        if (n > PREFIX_LEN && !strncmp(at, prefix, PREFIX_LEN)) {
            *len = n - PREFIX_LEN;
            return at + PREFIX_LEN;
        }
        at += n;
    }
    return NULL;
}

uint64_t cmdline_strings(const char *cmdline, char *to, uint64_t max)
{
    uint64_t len, total = 0;

    while ((cmdline = next_word(cmdline, &len))) {
        if (len + 1 > max - total)
            die("no room for the command line's configuration");
        memcpy(to + total, cmdline, len);
        to[total + len] = 0;
        total += len + 1;
        cmdline += len;
    }
    return total;
}
