/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration on the boot loader's command line: each word
 * "einkorn.KEY=VALUE" is one string "KEY=VALUE" (abi/config.h). They stand in
 * front of the bundle's, so that they count where the first of a key does.
 */
#include "abi/config.h"
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

/* Writes the words to `to`, each ended by NUL; returns the bytes needed. */
static uint64_t copy_words(const char *cmdline, char *to)
{
    uint64_t len, total = 0;

    while ((cmdline = next_word(cmdline, &len))) {
        if (to) {
            memcpy(to + total, cmdline, len);
            to[total + len] = 0;
        }
        total += len + 1;
        cmdline += len;
    }
    return total;
}

bool cmdline_has_config(const char *cmdline)
{
    return copy_words(cmdline, NULL) != 0;
}

struct abi_range cmdline_config(const char *cmdline, const char *more,
                                uint64_t more_bytes)
{
    char *config = (char *)ABI_CONFIG_BASE;
    uint64_t words = copy_words(cmdline, NULL);
    uint64_t len = (words + more_bytes + PAGE_SIZE - 1) & -PAGE_SIZE;

    if (words + more_bytes > ABI_CONFIG_MAX ||
        vm_call(VM_MEM_SET, ABI_CONFIG_BASE, len,
                VM_ORIGIN(VM_ANON, ABI_PROT_READ | ABI_PROT_WRITE, 0), 0))
        die("no room for the command line's configuration");
    copy_words(cmdline, config);
    memcpy(config + words, more, more_bytes);
    vm_call(VM_MEM_PROTECT, ABI_CONFIG_BASE, len, ABI_PROT_READ, 0);
    return (struct abi_range){ABI_CONFIG_BASE, words + more_bytes};
}
