/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Core files, core(5): what gdb needs of a program that a signal ended, as an
 * ELF file on the block device that the configuration names (core=N). Written
 * by one thread while nothing else runs; needs no file system.
 */
#ifndef EINKORN_KERNEL_LINUX_CORE_H
#define EINKORN_KERNEL_LINUX_CORE_H

#include <stdbool.h>
#include <stdint.h>

struct abi_frame;
struct siginfo_k;

/* Looks the device up; panics if core= names none. */
void core_init(void);
/* Are core files wanted at all? Then RLIMIT_CORE begins unlimited. */
bool core_wanted(void);
/* The current thread, at f, ends the process by info's signal. Obeys
 * RLIMIT_CORE and PR_SET_DUMPABLE. Says on the console what was written, or
 * why nothing. Vector registers are lost. */
void core_write(const struct abi_frame *f, const struct siginfo_k *info);

/* ---- inside: core_out.c, core_notes.c ---------------------------------- */

/* Bytes on their way to the device, in order. */
struct core_out {
    uint64_t off; /* of buf[0], a multiple of the page size */
    uint8_t *buf;
    uint32_t used;
    bool measure; /* count only: off + used */
    bool failed;
};

enum { CORE_CHUNK = 256 * 1024 };

/* Whole pages at a page's offset. 0 or -errno. */
int core_put_pages(uint64_t off, const void *pages, uint64_t len_bytes);
void core_put(struct core_out *o, const void *data, uint64_t len_bytes);
/* Up to the next page, and out. */
void core_flush(struct core_out *o);

/* PT_NOTE's content: registers of all threads, the ending one first, and what
 * describes the process. The same length each time for a frozen process. */
void core_notes(struct core_out *o, const struct abi_frame *f,
                const struct siginfo_k *info);

#endif
