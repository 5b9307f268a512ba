/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 9P2000.L messages being built or taken apart. Reading past the end or
 * writing past the limit marks the message bad; values are then 0.
 */
#ifndef EINKORN_KERNEL_FS_V9FS_MESSAGE_H
#define EINKORN_KERNEL_FS_V9FS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum v9_type {
    RLERROR = 7,
    TSTATFS = 8,
    TLOPEN = 12,
    TLCREATE = 14,
    TSYMLINK = 16,
    TMKNOD = 18,
    TREADLINK = 22,
    TGETATTR = 24,
    TSETATTR = 26,
    TXATTRWALK = 30,
    TXATTRCREATE = 32,
    TREADDIR = 40,
    TFSYNC = 50,
    TLOCK = 52,
    TGETLOCK = 54,
    TLINK = 70,
    TMKDIR = 72,
    TRENAMEAT = 74,
    TUNLINKAT = 76,
    TVERSION = 100,
    TATTACH = 104,
    TWALK = 110,
    TREAD = 116,
    TWRITE = 118,
    TCLUNK = 120,
    /* From the server of Einkorn alone, without a request: docs/volumes.md. */
    V9_NOTICE = 91,
    V9_GONE = 1, /* in it: the file has no name any more */
};

enum {
    V9_HEADER = 7,
    V9_NOTAG = 0xffff,
    V9_SMALL = 4608, /* holds any message without file data */
};

struct v9_qid {
    uint8_t type; /* 0x80: directory */
    uint32_t version;
    uint64_t path;
};

struct v9_msg {
    uint8_t *buf;
    size_t size_bytes; /* room, or length of what was received */
    size_t pos;
    bool bad;
    /* Where an Rread's bytes go; buf keeps what is in front of them. */
    void *data;
    size_t data_bytes;
    uint64_t seq; /* of the answer: which message from the server it was */
};

/* Begins a request in buf; the header's size and tag come at sending. */
void v9_begin(struct v9_msg *m, void *buf, size_t size_bytes, uint8_t type);
void v9_put8(struct v9_msg *m, uint8_t v);
void v9_put16(struct v9_msg *m, uint16_t v);
void v9_put32(struct v9_msg *m, uint32_t v);
void v9_put64(struct v9_msg *m, uint64_t v);
void v9_puts(struct v9_msg *m, const char *s, size_t len);
uint8_t v9_get8(struct v9_msg *m);
uint16_t v9_get16(struct v9_msg *m);
uint32_t v9_get32(struct v9_msg *m);
uint64_t v9_get64(struct v9_msg *m);
/* Room for a run of bytes in a request; NULL if there is less. */
uint8_t *v9_room(struct v9_msg *m, size_t len);
/* A string or a run of bytes where it stands; NULL if there is less. */
const char *v9_gets(struct v9_msg *m, size_t *len);
const uint8_t *v9_bytes(struct v9_msg *m, size_t len);
void v9_get_qid(struct v9_msg *m, struct v9_qid *qid);

#endif
