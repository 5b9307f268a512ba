/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one boot module of platform "vm": everything that an instance is made
 * of, in one file (QEMU: -initrd). A header page, then the parts in any
 * order, each at a page-aligned offset, padded with zeroes to whole pages.
 *
 * The host writes it, the platform's ring-3 part reads it. docs/vm.md has the
 * command line and the meaning of what goes over the serial lines.
 */
#ifndef EINKORN_ABI_BUNDLE_H
#define EINKORN_ABI_BUNDLE_H

#include <stdint.h>

#define BUNDLE_MAGIC UINT64_C(0x314c444e42454b45) /* "EKEBNDL1" */
#define BUNDLE_VERSION 1u

/* Offset from the start of the module; both zero: part is absent. */
struct bundle_part {
    uint64_t off;
    uint64_t len_bytes; /* exact, without the padding */
};

struct bundle_header {
    uint64_t magic;
    uint32_t version;
    uint32_t header_bytes;      /* of this structure */
    uint64_t len_bytes;         /* of the whole module, whole pages */
    uint64_t flags;             /* ABI_BOOT_JIT, _STDIN, _TTY and _STATS */
    int64_t real_ns;            /* host's CLOCK_REALTIME at start; 0: unknown */
    struct bundle_part kernel;  /* kernel.elf */
    struct bundle_part config;  /* abi/config.h strings */
    struct bundle_part image;   /* EROFS */
    struct bundle_part sidecar; /* abi/sidecar.h; may be absent */
    uint8_t entropy[32];        /* fresh from the host for each start */
};

_Static_assert(sizeof(struct bundle_header) == 136, "abi");

#endif
