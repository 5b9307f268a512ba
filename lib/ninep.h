/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 9P2000.L on the wire, for the client in the kernel and the server on the
 * host: message types, and reading or writing the fields of one message. All
 * integers are little-endian; a string is its length in two bytes and the
 * bytes. Whoever reads past the end or writes past the limit gets zeros and a
 * message marked bad. (Interface: Linux's include/net/9p/9p.h and the diod
 * project's protocol description.)
 */
#ifndef EINKORN_LIB_NINEP_H
#define EINKORN_LIB_NINEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Requests; the reply to each is its number plus one. */
enum p9_type {
    P9_RLERROR = 7,
    P9_STATFS = 8,
    P9_LOPEN = 12,
    P9_LCREATE = 14,
    P9_SYMLINK = 16,
    P9_MKNOD = 18,
    P9_RENAME = 20,
    P9_READLINK = 22,
    P9_GETATTR = 24,
    P9_SETATTR = 26,
    P9_XATTRWALK = 30,
    P9_XATTRCREATE = 32,
    P9_READDIR = 40,
    P9_FSYNC = 50,
    P9_LOCK = 52,
    P9_GETLOCK = 54,
    P9_LINK = 70,
    P9_MKDIR = 72,
    P9_RENAMEAT = 74,
    P9_UNLINKAT = 76,
    P9_NOTICE = 91, /* of Einkorn's server, unasked: host/volume/lease.h */
    P9_BATCH = 92,  /* likewise: host/volume/batch.c */
    P9_VERSION = 100,
    P9_AUTH = 102,
    P9_ATTACH = 104,
    P9_FLUSH = 108,
    P9_WALK = 110,
    P9_READ = 116,
    P9_WRITE = 118,
    P9_CLUNK = 120,
    P9_REMOVE = 122,
    P9_NR = 128,
};

enum {
    P9_HEADER = 7, /* size[4] type[1] tag[2] */
    P9_NOTAG = 0xffff,
    P9_LOCK_READ = 0,
    P9_LOCK_WRITE = 1,
    P9_LOCK_NONE = 2,
    P9_LOCK_SUCCESS = 0, /* of Rlock */
    P9_LOCK_BLOCKED = 1,
};

/* What Einkorn's client and server add to the protocol. In Tgetattr's mask and
 * Rgetattr's valid bits: a lease. In Tlopen's flags: writes append, and each
 * Rwrite says behind its count where the file ended then (8 bytes). */
#define P9_GETATTR_LEASE (UINT64_C(1) << 63)
#define P9_OPEN_TELLS UINT32_C(0x80000000)

/* The protocol's name, and that with Tbatch in addition. */
#define P9_PLAIN "9P2000.L"
#define P9_BATCHES "9P2000.L.einkorn"

struct p9_msg {
    uint8_t *buf;
    size_t size_bytes; /* room, or length of what was received */
    size_t pos;
    bool bad;
};

void p9_put8(struct p9_msg *m, uint8_t v);
void p9_put16(struct p9_msg *m, uint16_t v);
void p9_put32(struct p9_msg *m, uint32_t v);
void p9_put64(struct p9_msg *m, uint64_t v);
void p9_put_str(struct p9_msg *m, const char *s, size_t len);
uint8_t p9_get8(struct p9_msg *m);
uint16_t p9_get16(struct p9_msg *m);
uint32_t p9_get32(struct p9_msg *m);
uint64_t p9_get64(struct p9_msg *m);
/* A string where it stands, *len bytes without NUL; NULL if there is less. */
const char *p9_get_str(struct p9_msg *m, size_t *len);
/* The next len bytes, to write or to read; NULL if there are fewer. */
uint8_t *p9_bytes(struct p9_msg *m, size_t len);

#endif
