/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 9P2000.L on the wire: message types, and reading and writing the fields of
 * one message. All integers are little-endian; a string is its length in two
 * bytes and the bytes. (Interface: Linux's include/net/9p/9p.h and the
 * diod project's protocol description.)
 */
#ifndef EINKORN_HOST_VOLUME_WIRE_H
#define EINKORN_HOST_VOLUME_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Requests; the reply to each is its number plus one. */
enum wire_type {
    WIRE_RLERROR = 7,
    WIRE_STATFS = 8,
    WIRE_LOPEN = 12,
    WIRE_LCREATE = 14,
    WIRE_SYMLINK = 16,
    WIRE_MKNOD = 18,
    WIRE_RENAME = 20,
    WIRE_READLINK = 22,
    WIRE_GETATTR = 24,
    WIRE_SETATTR = 26,
    WIRE_XATTRWALK = 30,
    WIRE_XATTRCREATE = 32,
    WIRE_READDIR = 40,
    WIRE_FSYNC = 50,
    WIRE_LOCK = 52,
    WIRE_GETLOCK = 54,
    WIRE_LINK = 70,
    WIRE_MKDIR = 72,
    WIRE_RENAMEAT = 74,
    WIRE_UNLINKAT = 76,
    WIRE_NOTICE = 91, /* from the server, unasked: lease.h */
    WIRE_VERSION = 100,
    WIRE_AUTH = 102,
    WIRE_ATTACH = 104,
    WIRE_FLUSH = 108,
    WIRE_WALK = 110,
    WIRE_READ = 116,
    WIRE_WRITE = 118,
    WIRE_CLUNK = 120,
    WIRE_REMOVE = 122,
    WIRE_NR = 128,
};

enum {
    WIRE_HEADER = 7, /* size[4] type[1] tag[2] */
    WIRE_NAME_MAX = 255,
    WIRE_PATH_MAX = 4096,
};

struct wire_in {
    const uint8_t *at, *end;
    bool bad; /* read past the end, or a field that cannot be */
};

uint8_t wire_get8(struct wire_in *in);
uint16_t wire_get16(struct wire_in *in);
uint32_t wire_get32(struct wire_in *in);
uint64_t wire_get64(struct wire_in *in);
/* Copies a string without NUL bytes, shorter than cap, and ends it. */
void wire_get_str(struct wire_in *in, char *out, size_t cap);
/* The same, but it must be one name of a directory entry: not empty, no
 * slash, neither . nor .. */
void wire_get_name(struct wire_in *in, char out[WIRE_NAME_MAX + 1]);

struct wire_out {
    uint8_t *base;
    size_t len, cap;
};

/* Room is the caller's business: aborts when there is none. */
void wire_put8(struct wire_out *out, uint8_t v);
void wire_put16(struct wire_out *out, uint16_t v);
void wire_put32(struct wire_out *out, uint32_t v);
void wire_put64(struct wire_out *out, uint64_t v);
void wire_put_str(struct wire_out *out, const char *text);

#endif
