/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known about a file's machine code: where instructions begin, how
 * long they are and where control may arrive from elsewhere. Found by
 * decoding from known function starts (starts.c) along the flow of control
 * (decode.c), never by a blind sweep.
 */
#ifndef EINKORN_HOST_PATCH_CODE_H
#define EINKORN_HOST_PATCH_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/patch/elf_view.h"

enum code_flag {
    CODE_INSN = 1,   /* an instruction begins here */
    CODE_TARGET = 2, /* control may come here other than from above */
    CODE_QUEUED = 4, /* decode.c has it on its list */
    CODE_INNER = 8,  /* inside an instruction that begins before */
    CODE_SIZED = 16, /* inside a function whose length the file tells */
};

/* A stretch of machine code: a section, or a whole segment without sections. */
struct code_region {
    uint64_t vaddr, len_bytes;
    const uint8_t *bytes;
    uint8_t *flags;    /* enum code_flag for each byte */
    uint8_t *insn_len; /* where CODE_INSN is set */
};

struct code_start {
    uint64_t vaddr, len_bytes; /* 0: not known how long */
};

struct code {
    struct elf_view elf;
    struct code_region *regions;
    size_t nr_regions, cap_regions;
    struct code_start *queue;
    size_t nr_queue, cap_queue;
    uint64_t *hints; /* where code probably begins */
    size_t nr_hints, cap_hints;
};

/* False if the file has no text that could be patched. */
bool code_open(struct code *c, const uint8_t *bytes, uint64_t len_bytes);
void code_close(struct code *c);

/* The region with that address, or NULL. */
struct code_region *code_region_at(const struct code *c, uint64_t vaddr);

/* Control may arrive at vaddr; other addresses than code are ignored. */
void code_mark_target(struct code *c, uint64_t vaddr);

/* Code begins at vaddr, is a target and is to be decoded; if len is given,
 * all of it is code. Other addresses than code are ignored. */
void code_add_start(struct code *c, uint64_t vaddr, uint64_t len_bytes);

/* A pointer to vaddr exists: a target, and perhaps a function that nothing else
 * tells of. */
void code_add_hint(struct code *c, uint64_t vaddr);

/* Symbols, unwind tables, Go's function table, entry point. */
void code_find_starts(struct code *c);
void code_find_fdes(struct code *c);
void code_find_go(struct code *c);

/* After code_find_starts: a cheap look whether decoding all of it is worth
 * while. False if functions of known length make up nearly all code, and no
 * `syscall` is in them. */
bool code_may_have_syscalls(struct code *c);

/* Everything reachable from the starts. */
void code_decode(struct code *c);

/* Addresses of code in data: tables of pointers, relocations. */
void code_find_pointers(struct code *c);

/* The one instruction that ends at vaddr, so that control falls through to
 * vaddr; 0 if there is none, or more than one way to see it. */
uint64_t code_previous(const struct code *c, uint64_t vaddr);

/* The length of the instruction at vaddr; 0 if none is known to begin there. */
unsigned code_length(const struct code *c, uint64_t vaddr);

#endif
